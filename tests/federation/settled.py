"""Wait until a deployment is settled on its current generation."""

from federation.deployments import Deployed, Json
from federation.polling import eventually


def ready(deployed: Deployed, *, within_seconds: float = 120) -> Json:
    """Return the object once its current generation is Ready."""

    def settled(seen: Json) -> bool:
        status = seen.get("status", {})
        return status.get("observedGeneration") == seen["metadata"]["generation"] and any(
            each["type"] == "Ready" and each["status"] == "True" for each in status["conditions"]
        )

    return eventually(deployed.read, settled, within_seconds=within_seconds)

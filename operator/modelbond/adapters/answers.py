"""What an API server's answer must hold before it is believed: objects, lists and changes."""

from datetime import datetime
from typing import Any

from modelbond.adapters.api_errors import error_of
from modelbond.adapters.transport import Request, decoded
from modelbond.api.kinds import Json, Kind
from modelbond.errors import ApiBroken
from modelbond.ports.cluster import Changed, Token


def typed(body: Json, kind: Kind) -> Json:
    """Return the object with its type set, as lists leave it out."""
    return {**body, "apiVersion": kind.api_version, "kind": kind.kind}


def version(metadata: Json, request: Request) -> str:
    """Return the resourceVersion of a list."""
    found = metadata.get("resourceVersion")
    if not isinstance(found, str):
        raise ApiBroken(f"{request}: the list has no resourceVersion")
    return found


def objects(page: Json, kind: Kind, request: Request) -> list[Json]:
    """Return the objects of one page of a list."""
    found = page.get("items") or []
    if not isinstance(found, list):
        raise ApiBroken(f"{request}: the list holds no items")
    return [checked(item, kind, request) for item in found]


def checked(obj: Any, kind: Kind, request: Request) -> Json:
    """Return the object with its type set, once it has what every object has."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        raise ApiBroken(f"{request}: the answer is no {kind.kind}")
    return typed(obj, kind)


def change(line: bytes, kind: Kind, request: Request) -> Changed:
    """Return what one line of a watch tells."""
    event = decoded(line, request=request)
    kind_of_change, obj = event.get("type"), event.get("object")
    if not isinstance(obj, dict):
        raise ApiBroken(f"{request}: an event without an object")
    match kind_of_change:
        case "ERROR":
            code = obj.get("code")
            message = str(obj.get("message", ""))
            status = code if isinstance(code, int) else 500
            raise error_of(status, body=message.encode(), headers={}, what=str(request))
        case "BOOKMARK" if isinstance(obj.get("metadata"), dict):
            return Changed(type="BOOKMARK", obj=obj)
        case "ADDED" | "MODIFIED" | "DELETED":
            return Changed(type=kind_of_change, obj=checked(obj, kind, request))
    raise ApiBroken(f"{request}: an event that makes no sense, of type {kind_of_change!r}")


def token(answer: Json, request: Request) -> Token:
    """Return the token that an account was given."""
    try:
        status = answer["status"]
        expires = datetime.fromisoformat(status["expirationTimestamp"])
        return Token(value=str(status["token"]), expires=expires)
    except (KeyError, TypeError, ValueError) as failure:
        raise ApiBroken(f"{request}: the answer holds no token") from failure

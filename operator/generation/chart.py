"""The chart's copies of crds/: templates that helm upgrades but never deletes."""

import re

NOTE = "{{- /* Generated from crds/ by operator/generate.py: do not edit. */ -}}\n"
KEEP = "  annotations:\n    helm.sh/resource-policy: keep\n"


def template(crd: str) -> str:
    """Return the template of a CRD's text: rendered for roles, unless `crds.enabled` is false."""
    if "{{" in crd:
        raise SystemExit("a CRD contains {{, which helm would read as its own")
    kept = re.sub(r"^metadata:\n(  name: .*\n)", rf"metadata:\n\1{KEEP}", crd, flags=re.MULTILINE)
    return f"{NOTE}{{{{- if and .Values.crds.enabled .Values.roles }}}}\n{kept}{{{{- end }}}}\n"

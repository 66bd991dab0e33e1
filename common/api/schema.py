"""What the OpenAPI description says of every operation alike."""

from typing import Any

from common.api.errors import CONTENT_TYPE

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457); ``errors`` has messages by field.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


def complete(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Every operation may answer a problem; no request may name fields that there are not."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
    result["components"]["schemas"]["Problem"] = PROBLEM
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method in set(METHODS) & set(path):
            path[method]["responses"]["default"] = {"description": "Refused.", "content": content}
    return result

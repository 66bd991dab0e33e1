"""What the API's description says of the tokens of browser extensions."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from users.authentication import ExtensionTokenAuthentication, is_open


class ExtensionTokenScheme(OpenApiAuthenticationExtension):
    target_class = ExtensionTokenAuthentication
    name = "extensionToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a browser extension: good for these operations only, and what it makes has "
            "its origin.",
        }

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]] | list[dict[str, list[Any]]]:
        is_declared = is_open(auto_schema.view, auto_schema.method)
        return super().get_security_requirement(auto_schema) if is_declared else []

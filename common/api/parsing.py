import json
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from common.api.errors import BodyTooLarge


class StrictJSONParser(JSONParser):
    """JSON that PostgreSQL can keep: no half surrogates, no endless nesting, not more than a form may send."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: dict[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(f"The body may have {limit:,} bytes.")
        try:
            data = json.loads(body, parse_constant=_refuse_constant)
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeError as error:
            raise ParseError("The body is not valid UTF-8 text.") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error
        return data


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")

"""Python runs this when it starts with this folder on PYTHONPATH: clients that can only log in at Salesforce's own
hosts log in at the local org. Nothing else of theirs is changed, but that they wait less between two looks at a job.
"""

import os
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter

LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
LONGEST_WAIT = 0.1  # seconds

_org = os.environ["LOCAL_ORG_URL"]
_send = HTTPAdapter.send
_sleep = time.sleep


def send(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
    for host in LOGIN_HOSTS:
        if request.url and request.url.startswith(host):
            request.url = _org + request.url.removeprefix(host)
    return _send(self, request, *args, **kwargs)


def sleep(seconds: float) -> None:
    _sleep(min(seconds, LONGEST_WAIT))


HTTPAdapter.send = send
time.sleep = sleep

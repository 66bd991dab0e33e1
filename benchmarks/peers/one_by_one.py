"""Updates the contacts that come as JSON, one call each, as a first script would; prints how long it took."""

import json
import os
import sys
import time
from typing import Any

from simple_salesforce import Salesforce

from tests.localorg.client import LoopbackSession

org: Any = Salesforce(
    instance_url=os.environ["ORG"], session_id=os.environ["TOKEN"], version="62.0", session=LoopbackSession()
)
contacts = json.load(sys.stdin)

began, computed = time.perf_counter(), time.process_time()
for contact in contacts:
    org.Contact.update(contact["Id"], {"Title": contact["Title"]})
print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - computed}))

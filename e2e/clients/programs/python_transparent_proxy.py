"""Calls a destination by the transparent proxy, as an application with the SAP Cloud SDK for Python does."""
import json
import sys

import requests
from sap_cloud_sdk.destination import create_client

destination = create_client(use_default_proxy=True).get_destination(sys.argv[1], proxy_enabled=True)
answer = requests.get(f"{destination.url}/from-python", headers=destination.headers, timeout=20)
print(json.dumps({"status": answer.status_code, "path": answer.json()["path"]}))

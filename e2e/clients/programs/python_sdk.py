"""An application with the SAP Cloud SDK for Python, unchanged: the vendor's scenarios for the destination service.

Prints one JSON object: the name of each scenario with "passed" or what went wrong. Bindings come from the environment.
"""

import base64
import json
import os
import socket
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

# Names below `localhost` are this machine (RFC 6761 section 6.3), which not every resolver knows.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve(
    "127.0.0.1" if isinstance(host, str) and host.endswith(".localhost") else host, *rest, **more
)

from sap_cloud_sdk.destination import (  # noqa: E402
    AccessStrategy,
    Certificate,
    ConsumptionLevel,
    ConsumptionOptions,
    Destination,
    Fragment,
    HttpError,
    Label,
    Level,
    ListOptions,
    PatchLabels,
    create_certificate_client,
    create_client,
    create_fragment_client,
)

tenant = os.environ["TEST_TENANT"]
oauth = json.loads(os.environ["TEST_OAUTH"])
destinations, fragments, certificates = create_client(), create_fragment_client(), create_certificate_client()
levels = {"subaccount": Level.SUB_ACCOUNT, "instance": Level.SERVICE_INSTANCE}


def http(name, url="https://api.example", **more):
    return Destination(name=name, type="HTTP", url=url, proxy_type="Internet", authentication="NoAuthentication", **more)


def items(listed):
    return getattr(listed, "items", listed)


def read(kind, level, name):
    client = {"destination": destinations, "fragment": fragments, "certificate": certificates}[kind]
    if level == "instance":
        return getattr(client, f"get_instance_{kind}")(name)
    return getattr(client, f"get_subaccount_{kind}")(name, access_strategy=AccessStrategy.PROVIDER_ONLY)


def listed(kind, level, **more):
    client = {"destination": destinations, "fragment": fragments, "certificate": certificates}[kind]
    if level == "instance":
        return items(getattr(client, f"list_instance_{kind}s")(**more))
    return items(getattr(client, f"list_subaccount_{kind}s")(access_strategy=AccessStrategy.PROVIDER_ONLY, **more))


def destinations_are_created_read_changed_and_deleted():
    for name, level in levels.items():
        destinations.create_destination(http(f"py-{name}", properties={"sap-client": "100", "own": "ä ö"}), level=level)
        found = read("destination", name, f"py-{name}")
        assert (found.url, found.properties["sap-client"], found.properties["own"]) == ("https://api.example", "100", "ä ö")
        destinations.update_destination(http(f"py-{name}", url="https://other.example"), level=level)
        assert read("destination", name, f"py-{name}").url == "https://other.example"
        assert f"py-{name}" in [one.name for one in listed("destination", name)]
        destinations.delete_destination(f"py-{name}", level=level)
        assert read("destination", name, f"py-{name}") is None


def fragments_are_created_read_changed_and_deleted():
    for name, level in levels.items():
        fragments.create_fragment(Fragment(name=f"py-f-{name}", properties={"a": "1"}), level=level)
        assert read("fragment", name, f"py-f-{name}").properties["a"] == "1"
        fragments.update_fragment(Fragment(name=f"py-f-{name}", properties={"a": "2"}), level=level)
        assert read("fragment", name, f"py-f-{name}").properties["a"] == "2"
        assert f"py-f-{name}" in [one.name for one in listed("fragment", name)]
        fragments.delete_fragment(f"py-f-{name}", level=level)
        assert read("fragment", name, f"py-f-{name}") is None


def certificates_are_created_read_and_deleted():
    content = base64.b64encode(os.environ["TEST_PEM"].encode()).decode()
    for name, level in levels.items():
        certificates.create_certificate(Certificate(name=f"py-{name}.pem", content=content, type="PEM"), level=level)
        found = read("certificate", name, f"py-{name}.pem")
        assert base64.b64decode(found.content) == os.environ["TEST_PEM"].encode()
        assert f"py-{name}.pem" in [one.name for one in listed("certificate", name)]
        certificates.delete_certificate(f"py-{name}.pem", level=level)
        assert read("certificate", name, f"py-{name}.pem") is None


def access_strategies_tell_provider_and_subscriber_apart():
    destinations.create_destination(http("py-both", url="https://provider.example"))
    destinations.create_destination(http("py-both", url="https://subscriber.example"), tenant=tenant)
    destinations.create_destination(http("py-theirs", url="https://subscriber.example"), tenant=tenant)

    def url(name, strategy):
        found = destinations.get_subaccount_destination(name, access_strategy=strategy, tenant=tenant)
        return found and found.url.split("//")[1].split(".")[0]

    assert url("py-both", AccessStrategy.SUBSCRIBER_ONLY) == "subscriber"
    assert url("py-both", AccessStrategy.PROVIDER_ONLY) == "provider"
    assert url("py-both", AccessStrategy.SUBSCRIBER_FIRST) == "subscriber"
    assert url("py-both", AccessStrategy.PROVIDER_FIRST) == "provider"
    assert url("py-theirs", AccessStrategy.PROVIDER_ONLY) is None
    assert url("py-theirs", AccessStrategy.PROVIDER_FIRST) == "subscriber"
    own = destinations.list_subaccount_destinations(access_strategy=AccessStrategy.PROVIDER_ONLY, tenant=tenant)
    assert "py-theirs" not in [one.name for one in items(own)]


def a_missing_name_cannot_be_changed():
    for client, thing in [
        (destinations.update_destination, http("py-nobody")),
        (fragments.update_fragment, Fragment(name="py-nobody", properties={"a": "1"})),
    ]:
        try:
            client(thing, level=Level.SERVICE_INSTANCE)
        except HttpError as error:
            assert error.status_code == 404, error.status_code
        else:
            raise AssertionError("a missing name was changed")


def five_at_once_are_created():
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda index: destinations.create_destination(http(f"py-at-once-{index}")), range(5)))
    names = [one.name for one in listed("destination", "subaccount")]
    assert all(f"py-at-once-{index}" in names for index in range(5))


def a_destination_of_the_instance_gives_a_token_with_its_header():
    technical = Destination(
        name="py-technical",
        type="HTTP",
        url="https://api.example",
        proxy_type="Internet",
        authentication="OAuth2ClientCredentials",
        properties={
            "tokenServiceURL": oauth["url"],
            "clientId": oauth["clientid"],
            "clientSecret": oauth["clientsecret"],
        },
    )
    destinations.create_destination(technical, level=Level.SERVICE_INSTANCE)
    found = destinations.get_destination("py-technical", level=ConsumptionLevel.INSTANCE)
    (token,) = found.auth_tokens
    assert token.error is None, token.error
    assert token.http_header["key"] == "Authorization" and token.http_header["value"] == f"Bearer {token.value}"
    assert found.get_headers()["Authorization"] == f"Bearer {token.value}"


def a_tenant_header_does_no_harm_without_authentication():
    destinations.create_destination(http("py-plain"), level=Level.SERVICE_INSTANCE)
    found = destinations.get_destination("py-plain", options=ConsumptionOptions(tenant=tenant))
    assert found.url == "https://api.example"


def a_fragment_of_the_instance_is_laid_over_a_destination():
    destinations.create_destination(http("py-base"), level=Level.SERVICE_INSTANCE)
    over = Fragment(name="py-over", properties={"URL": "https://over.example", "more": "x"})
    fragments.create_fragment(over, level=Level.SERVICE_INSTANCE)
    options = ConsumptionOptions(fragment_name="py-over", fragment_level=ConsumptionLevel.INSTANCE)
    found = destinations.get_destination("py-base", level=ConsumptionLevel.INSTANCE, options=options)
    assert (found.url, found.properties["more"]) == ("https://over.example", "x")


def labels_are_set_changed_read_and_filtered():
    for name, level in levels.items():
        destinations.create_destination(http(f"py-l-{name}"), level=level)
        destinations.update_destination_labels(f"py-l-{name}", [Label("env", ["prod"])], level=level)
        more = PatchLabels(action="ADD", labels=[Label("team", ["x"])])
        destinations.patch_destination_labels(f"py-l-{name}", more, level=level)
        labels = {one.key: one.values for one in destinations.get_destination_labels(f"py-l-{name}", level=level)}
        assert labels == {"env": ["prod"], "team": ["x"]}, labels
        wish = ListOptions(filter_labels=[Label("env", ["prod", "qa"]), Label("team", ["x"])])
        assert [one.name for one in listed("destination", name, filter=wish)] == [f"py-l-{name}"]


def lists_are_read_by_name_and_page_by_page():
    wish = ListOptions(filter_names=["py-at-once-1", "py-at-once-3", "py-nobody"])
    found = listed("destination", "subaccount", filter=wish)
    assert sorted(one.name for one in found) == ["py-at-once-1", "py-at-once-3"]
    names, page = [], 1
    while True:
        wish = ListOptions(page=page, page_size=2, page_count=True, entity_count=True)
        answer = destinations.list_subaccount_destinations(access_strategy=AccessStrategy.PROVIDER_ONLY, filter=wish)
        names += [one.name for one in items(answer)]
        if page >= answer.pagination.page_count:
            break
        page += 1
    assert len(names) == len(set(names)) == answer.pagination.entity_count


def a_subscriber_lists_its_instance_level():
    destinations.create_destination(http("py-of-subscription"), level=Level.SERVICE_INSTANCE, tenant=tenant)
    theirs = [one.name for one in items(destinations.list_instance_destinations(tenant=tenant))]
    assert theirs == ["py-of-subscription"], theirs
    assert "py-of-subscription" not in [one.name for one in listed("destination", "instance")]


scenarios = [
    destinations_are_created_read_changed_and_deleted,
    fragments_are_created_read_changed_and_deleted,
    certificates_are_created_read_and_deleted,
    access_strategies_tell_provider_and_subscriber_apart,
    a_missing_name_cannot_be_changed,
    five_at_once_are_created,
    a_destination_of_the_instance_gives_a_token_with_its_header,
    a_tenant_header_does_no_harm_without_authentication,
    a_fragment_of_the_instance_is_laid_over_a_destination,
    labels_are_set_changed_read_and_filtered,
    lists_are_read_by_name_and_page_by_page,
    a_subscriber_lists_its_instance_level,
]
outcome = {}
for scenario in scenarios:
    try:
        scenario()
        outcome[scenario.__name__] = "passed"
    except Exception:  # the report is the point of this program
        outcome[scenario.__name__] = traceback.format_exc(limit=-3)
json.dump(outcome, sys.stdout)

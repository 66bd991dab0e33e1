"""A permission set with exactly the rights that the sync's settings ask for, as the Metadata API deploys it."""

import io
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, indent, tostring
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from common.models import RecordKind
from integrations.models import Connection, FieldMapping, ObjectSettings
from integrations.permissions import OUT
from integrations.sync.outbox import CREATE_AS
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import KINDS

NAME = "Tandem"
VERSION = "62.0"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
FILE = "tandem-permission-set.zip"
ABOUT = "What Tandem needs of the objects and fields that are synced."
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same settings make the same file
# Salesforce refuses a permission set that lets read one of these and not accounts.
NEED_ACCOUNTS = {"Contact", "Opportunity"}
ACCOUNT = "Account"


@dataclass
class ObjectNeeds:
    """``fields``: whether each is written, by the name that field-level security knows it by."""

    may_create: bool = False
    may_edit: bool = False
    may_delete: bool = False
    fields: dict[str, bool] = field(default_factory=dict)

    def add(self, name: str, *, is_written: bool) -> None:
        self.fields[name] = self.fields.get(name, False) or is_written


def archive(connection: Connection) -> bytes:
    """A ZIP that Salesforce's tools deploy as it is."""
    memory = io.BytesIO()
    with ZipFile(memory, "w", ZIP_DEFLATED) as made:
        for path, root in (
            ("package.xml", _package()),
            (f"permissionsets/{NAME}.permissionset", _permission_set(needs_of(connection))),
        ):
            indent(root, "    ")
            made.writestr(ZipInfo(path, EPOCH), tostring(root, "utf-8", xml_declaration=True))
    return memory.getvalue()


def needs_of(connection: Connection) -> dict[str, ObjectNeeds]:
    """What the settings ask for, by object. Of fields that the team's login does not see, only the name is known."""
    settings = {row.record_kind: row for row in connection.object_settings.exclude(sync=ObjectSettings.Sync.OFF)}
    mappings = connection.field_mappings.filter(record_kind__in=settings, remote_object__in=KINDS)
    descriptions = {
        row.remote_object: Description.from_json(row.content)
        for row in connection.descriptions.filter(remote_object__in=KINDS)
    }
    deleted = set(connection.deletion_settings.filter(sync_deletes=True).values_list("remote_object", flat=True))
    needs: dict[str, ObjectNeeds] = {}
    for name, kind, remote_field, direction in mappings.order_by("remote_object", "remote_field").values_list(
        "remote_object", "record_kind", "remote_field", "direction"
    ):
        if name not in needs:
            needs[name] = _of_object(name, settings[kind], descriptions.get(name), may_delete=name in deleted)
        _add(needs[name], remote_field, descriptions.get(name), is_written=_writes(settings[kind], direction))
    if NEED_ACCOUNTS & set(needs):
        needs.setdefault(ACCOUNT, ObjectNeeds())
    return needs


def _of_object(name: str, settings: ObjectSettings, known: Description | None, *, may_delete: bool) -> ObjectNeeds:
    if not settings.pushes:
        return ObjectNeeds()
    made_as = settings.create_as or CREATE_AS.get(RecordKind(settings.record_kind), "Contact")
    needs = ObjectNeeds(may_create=made_as == name, may_edit=True, may_delete=may_delete)
    for special in filter(None, (settings.external_id_field, settings.source_field)):
        if known is None or special in known.fields:
            _add(needs, special, known, is_written=True)
    return needs


def _writes(settings: ObjectSettings, direction: str) -> bool:
    return settings.pushes and FieldMapping.Direction(direction) in OUT


def _add(needs: ObjectNeeds, name: str, known: Description | None, *, is_written: bool) -> None:
    remote = known.fields.get(name) if known else None
    secured = name if remote is None else _secured_as(remote)
    if secured:
        needs.add(secured, is_written=is_written and not (remote and remote.is_computed))


def _secured_as(remote: RemoteField) -> str:
    """ "" for a field that whoever sees the object sees: a required one, or one of the system's."""
    if remote.secured_as is None:  # described before Tandem asked for it
        return "" if remote.is_required else remote.name
    return remote.secured_as


def _permission_set(needs: dict[str, ObjectNeeds]) -> Element:
    root = Element("PermissionSet", xmlns=NAMESPACE)
    _leaf(root, "description", ABOUT)
    for name, one in sorted(needs.items()):
        for remote_field, is_written in sorted(one.fields.items()):
            _part(root, "fieldPermissions", editable=is_written, field=f"{name}.{remote_field}", readable=True)
    _leaf(root, "hasActivationRequired", "false")
    _leaf(root, "label", NAME)
    for name, one in sorted(needs.items()):
        _part(
            root,
            "objectPermissions",
            allowCreate=one.may_create,
            allowDelete=one.may_delete,
            allowEdit=one.may_edit,
            allowRead=True,
            modifyAllRecords=False,
            object=name,
            viewAllRecords=True,
        )
    _part(root, "userPermissions", enabled=True, name="ApiEnabled")
    return root


def _package() -> Element:
    root = Element("Package", xmlns=NAMESPACE)
    _part(root, "types", members=NAME, name="PermissionSet")
    _leaf(root, "version", VERSION)
    return root


def _part(root: Element, tag: str, **values: str | bool) -> None:
    part = SubElement(root, tag)
    for name, value in values.items():
        _leaf(part, name, value if isinstance(value, str) else str(value).lower())


def _leaf(root: Element, tag: str, text: str) -> None:
    SubElement(root, tag).text = text

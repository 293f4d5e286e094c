"""The service catalogue: which items there are, and what each of them asks, needs, costs and produces."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from hub.domain.application import Audience
from hub.domain.base import Frozen

FieldType = Literal[
    "address",
    "attachment_ref",
    "bank_account",
    "boolean",
    "code",
    "code_list",
    "consent_list",
    "contact_change",
    "date",
    "datetime",
    "decimal",
    "division",
    "enum",
    "integer",
    "money",
    "month",
    "owner_list",
    "party",
    "party_list",
    "party_ref",
    "phone",
    "site",
    "slot",
    "string",
    "string_list",
    "terminal_list",
    "text",
]
GateKind = Literal["none", "legal_effect", "completed", "joint_survey", "joint_check"]
Commit = Literal["gate", "early"]


class ServiceField(Frozen):
    """One of the six fields (water, power …), or the registry that is linked to them."""

    id: str
    prefix: str
    name_zh: str
    name_en: str
    upstream_style: str
    items: int


class EvidenceType(Frozen):
    """Material type 材料类型. With `auto_fetch` the hub gets it; it is asked of nobody."""

    id: str
    name_zh: str
    name_en: str
    source: Literal["licence", "shared", "generated", "upload", "capture", "physical", "form"]
    auto_fetch: bool
    form_field: str | None = None

    @property
    def asked(self) -> bool:
        """Whether the applicant has to bring it; what is typed in is asked for by the form."""
        return not self.auto_fetch and self.source not in {"generated", "form"}


class CodeTable(Frozen):
    """Canonical codes and their labels."""

    id: str
    labels: dict[str, str] = Field(min_length=1)


class FormField(Frozen):
    """One field of the form. `own`: its value belongs to one item only, so it is never shared between items.

    `data_class` says how its value is protected; every field has one.
    """

    key: str
    label_zh: str
    label_en: str
    type: FieldType
    data_class: Literal["none", "personal", "sensitive"]
    table: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    own: bool = False
    path: str | None = None
    required: bool = True


class FieldRef(Frozen):
    """An item asks for a field: always, never necessarily, or when another field has one of some values.

    `values` narrows the field's own values for this item; `check` names an identifier rule.
    """

    ref: str
    required: bool = True
    required_when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    values: tuple[str, ...] = ()
    check: Literal["bus_card", "estate_certificate", "estate_unit"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"ref": given} if isinstance(given, str) else given


class MaterialRule(Frozen):
    """An item needs one of some materials: always, only with an agent, or only of one audience."""

    any_of: tuple[str, ...] = Field(min_length=1)
    required: bool
    when: Literal["agent"] | None = None
    when_audience: Audience | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, dict) and "ref" in given:
            return {"any_of": [given["ref"]], **{key: given[key] for key in given if key != "ref"}}
        return given

    def applies(self, audience: Audience, *, agent: bool) -> bool:
        """Whether the rule concerns an application at all."""
        return self.when_audience in {None, audience} and (agent or self.when != "agent")

    @property
    def demanded(self) -> bool:
        """Whether a rule that applies must be met: one about an agent must, once there is an agent."""
        return self.required or self.when == "agent"


class TimeLimit(Frozen):
    """Working days from the utility's acceptance; 0 is at once. `basis` says where the figure comes from."""

    statutory_wd: int = Field(ge=0)
    promised_wd: int = Field(ge=0)
    basis: str


class Fee(Frozen):
    """A published fee. What is really due, the utility says."""

    label_zh: str
    label_en: str
    amount_fen: int = Field(gt=0)
    basis: str


class Upstream(Frozen):
    """Which operation of which system performs the item."""

    system: str
    style: str
    operation: str

    @property
    def variant(self) -> str:
        """`3001:01` gives `01`, `1002` gives nothing."""
        return self.operation.rpartition(":")[2] if ":" in self.operation else ""


class VariantRule(Frozen):
    """The variant depends on a form field; values that are not listed keep the operation's own."""

    field: str
    values: dict[str, str]


class ServiceItem(Frozen):
    """Service item 服务事项. `identity_level`: how well the hub has to know who applies; 0: anybody may.

    What is not `undoable` once it is done (a card made, a meter read) is never committed early.
    """

    code: str = Field(pattern=r"^JX6-[A-Z]{2,3}-\d{2}$")
    official_code: str | None = None
    counted: bool = True
    name_zh: str
    name_en: str
    field: str
    audience: tuple[Audience, ...] = Field(min_length=1)
    business_type: str
    identity_level: int = Field(default=1, ge=0, le=3)
    mode: Literal["async", "sync"]
    kind: Literal["approval", "query", "payment", "command"]
    materials: tuple[MaterialRule, ...] = ()
    form_fields: tuple[FieldRef, ...] = ()
    time_limit: TimeLimit
    fees: tuple[Fee, ...] = ()
    output: Literal["none", "receipt", "contract", "certificate", "card"]
    upstream: Upstream
    variant_by: VariantRule | None = None
    self_service: bool
    cross_region: bool = True
    linked_real_estate: bool = False
    undoable: bool = True
    provenance: str
    note: str | None = None

    @cached_property
    def field_keys(self) -> frozenset[str]:
        """The form fields that the item names; nothing else may be passed on for it."""
        return frozenset(ref.ref for ref in self.form_fields)

    def material_ids(self, audience: Audience, *, agent: bool) -> frozenset[str]:
        """The materials that may be passed on for this item, with those that the hub makes itself."""
        named = {one for rule in self.materials if rule.applies(audience, agent=agent) for one in rule.any_of}
        if self.mode == "async":
            named.add("APPLICATION_FORM")
        if self.output == "contract":
            named.add("SUPPLY_CONTRACT")
        return frozenset(named)

    def variant(self, form: dict[str, Any]) -> str:
        """The variant of the upstream operation that a form asks for."""
        if self.variant_by is not None:
            return self.variant_by.values.get(str(form.get(self.variant_by.field)), self.upstream.variant)
        return self.upstream.variant


class Gate(Frozen):
    """What a bundle's later parts wait for."""

    kind: GateKind
    label_zh: str
    label_en: str


class Dependency(Frozen):
    """`item` is committed only when `after` has reached the gate; committed `early`, it is undone if `after` fails."""

    item: str
    after: str
    gate: Literal["legal_effect", "completed"]
    precheck: bool = False
    commit: Commit = "gate"


class Bundle(Frozen):
    """One-thing bundle 一件事: items that belong to one event of life."""

    id: str
    name_zh: str
    name_en: str
    lead: str | None = None
    members: tuple[str, ...]
    optional: tuple[str, ...] = ()
    gate: Gate
    dependencies: tuple[Dependency, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return (*((self.lead,) if self.lead else ()), *self.members, *self.optional)


class Catalogue(Frozen):
    """Everything that can be applied for."""

    id: str
    version: str
    count: int
    fields: tuple[ServiceField, ...]
    items: tuple[ServiceItem, ...]
    linked: tuple[ServiceItem, ...] = ()
    materials: tuple[EvidenceType, ...]
    common: tuple[FormField, ...]
    form_fields: tuple[FormField, ...]
    tables: tuple[CodeTable, ...]
    bundles: tuple[Bundle, ...] = ()

    @cached_property
    def by_code(self) -> dict[str, ServiceItem]:
        """All items, the linked ones too."""
        return {item.code: item for item in (*self.items, *self.linked)}

    @cached_property
    def by_material(self) -> dict[str, EvidenceType]:
        return {material.id: material for material in self.materials}

    @cached_property
    def by_field(self) -> dict[str, FormField]:
        return {field.key: field for field in self.form_fields}

    @cached_property
    def by_table(self) -> dict[str, CodeTable]:
        return {table.id: table for table in self.tables}

    @cached_property
    def by_bundle(self) -> dict[str, Bundle]:
        return {bundle.id: bundle for bundle in self.bundles}

    def allowed(self, ref: FieldRef) -> tuple[str, ...]:
        """The codes that a field may have for an item; none means that it has no list of codes."""
        if ref.values:
            return ref.values
        field = self.by_field[ref.ref]
        return tuple(self._labels(field))

    def label(self, key: str, code: str) -> str:
        """The Chinese label of a code of a field, or the code itself."""
        return self._labels(self.by_field[key]).get(code, code)

    def _labels(self, field: FormField) -> dict[str, str]:
        return self.by_table[field.table].labels if field.table else field.values

"""How people and companies of the directory are listed."""

from common.lines import as_html, as_text
from common.paging import Order
from common.tables import Column, RecordTable, field_cell, register
from directory.filters import CompanyFilter, ProspectFilter
from directory.models import Company, Prospect

ORDERS: dict[str, Order] = {"name": ("sort_name", "id"), "newest": ("-id",)}
SORTS = {"name": "By name", "newest": "Newest first"}


def _columns(model: type[Prospect] | type[Company], names: tuple[str, ...]) -> list[Column]:
    def column(name: str) -> Column:
        cell = field_cell(model, name)
        return Column(name, cell.head, lambda row: as_html(getattr(row, name)), (cell,))

    return [column(name) for name in names]


def _people() -> list[Column]:
    status = field_cell(Prospect, "email_status")
    return [
        Column("company", "Company", _company, (field_cell(Prospect, "company_name"),)),
        *_columns(
            Prospect,
            ("title", "seniority", "department", "email", "phone", "mobile_phone", "city", "state", "country"),
        ),
        Column("email_status", "E-mail status", lambda row: as_text(row.get_email_status_display()), (status,)),
    ]


def _company(prospect: Prospect) -> str:
    return as_html(prospect.company or prospect.company_name)


def _under_name(prospect: Prospect) -> str:
    return prospect.title or prospect.headline


PEOPLE = register(
    RecordTable(
        kind="prospect",
        model=Prospect,
        filters=ProspectFilter,
        orders=ORDERS,
        sorts=SORTS,
        chosen=("company", "email", "country"),
        columns=_people,
        related=("company",),
        under_name=_under_name,
        named=(field_cell(Prospect, "first_name"), field_cell(Prospect, "last_name")),
        badges="directory.badges",
        list_name="people",
    )
)
COMPANIES = register(
    RecordTable(
        kind="company",
        model=Company,
        filters=CompanyFilter,
        orders=ORDERS,
        sorts=SORTS,
        chosen=("industry", "employees", "country"),
        columns=lambda: _columns(
            Company,
            ("domain", "industry", "employees", "annual_revenue", "founded_year", "phone", "city", "state", "country"),
        ),
        related=(),
        under_name=lambda company: company.domain,
        named=(field_cell(Company, "name"),),
        badges="directory.badges",
        list_name="companies",
    )
)

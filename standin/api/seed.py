"""The fixed data that every stand-in starts with: people, machines, tasks, orders.

Names, addresses and the password follow VendHub-OS's own seed (facts 3.4).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import bcrypt

from standin.api.clock import Clock
from standin.api.database import Database


@dataclass(frozen=True)
class Identity:
    """One seeded person, with the password in clear and the Telegram id."""

    id: str
    email: str
    password: str
    telegram_id: int
    role: str
    first_name: str
    last_name: str
    organization_id: str
    status: str = "active"


_PASSWORD = "Demo123!"  # noqa: S105 - the documented default of VendHub-OS's seed

ORGANIZATION_ID = "0b4c1a52-6c1f-4d3e-9a57-2f8e1d7c0a01"
OTHER_ORGANIZATION_ID = "0b4c1a52-6c1f-4d3e-9a57-2f8e1d7c0a02"
SMOKE_MACHINE_ID = "5e2f9c10-7a44-4b8b-8f0d-6b1f3c9e5a99"
OTHER_MACHINE_ID = "5e2f9c10-7a44-4b8b-8f0d-6b1f3c9e5a90"


def _person(number: int, email: str, role: str, name: str, **more: str) -> Identity:
    first_name, last_name = name.split()
    return Identity(
        id=f"a71d3c60-2b1e-4f6a-8c9d-0e5f7a2b4c{number:02d}",
        email=email,
        password=_PASSWORD,
        telegram_id=700_000_000 + number,
        role=role,
        first_name=first_name,
        last_name=last_name,
        organization_id=more.get("organization_id", ORGANIZATION_ID),
        status=more.get("status", "active"),
    )


OWNER = _person(1, "admin@vendhub.uz", "owner", "Aziz Karimov")
MANAGER = _person(2, "manager@demo.uz", "manager", "Malika Yusupova")
OPERATOR = _person(3, "operator@demo.uz", "operator", "Timur Rashidov")
ADMIN = _person(4, "deputy@demo.uz", "admin", "Nodira Alimova")
PENDING = _person(5, "pending@demo.uz", "viewer", "Sardor Umarov", status="pending")
SUSPENDED = _person(6, "suspended@demo.uz", "operator", "Jasur Nazarov", status="suspended")
OTHER_MANAGER = _person(
    7, "manager@other.uz", "manager", "Olim Tursunov", organization_id=OTHER_ORGANIZATION_ID
)

PEOPLE = (OWNER, MANAGER, OPERATOR, ADMIN, PENDING, SUSPENDED, OTHER_MANAGER)

_SITES = (
    ("VM-TAS-001", "TC Samarqand Darvoza", "Koratosh 5A", 41.3162, 69.2301),
    ("VM-TAS-002", "IT Park Tashkent", "Tepamasjid 4", 41.3430, 69.3350),
    ("VM-TAS-003", "Tashkent City Mall", "Botir Zokirov 7", 41.3110, 69.2490),
    ("VM-TAS-004", "Westminster University", "Istiqbol 12", 41.3067, 69.2815),
)
_PRODUCTS = (
    ("Americano", 12_000),
    ("Cappuccino", 18_000),
    ("Latte", 20_000),
    ("Hot chocolate", 15_000),
    ("Mineral water", 6_000),
)
_COLLECTED_UZS = 1_250_000
_ORDERS = 56
_CUSTOMERS = 17
_TASKS = (
    ("refill", "completed", "normal", 1, -1),
    ("cleaning", "assigned", "high", 2, 1),
    ("collection", "pending", "urgent", 3, 2),
    ("inspection", "cancelled", "low", 1, -2),
    ("collection", "completed", "normal", 4, -1),
)


def machine_id(number: int) -> str:
    """Return the id of machine VM-TAS-00<number>, 1 to 4."""
    return f"5e2f9c10-7a44-4b8b-8f0d-6b1f3c9e5a{number:02d}"


def seed(database: Database, clock: Clock, bcrypt_rounds: int) -> None:
    """Fill an empty database; everything dated is dated relative to the clock."""
    now = datetime.fromtimestamp(clock.now(), UTC)
    database.insert("organizations", id=ORGANIZATION_ID, name="VendHub Demo", slug="demo")
    database.insert("organizations", id=OTHER_ORGANIZATION_ID, name="Other Demo", slug="other")
    _seed_people(database, clock, bcrypt_rounds)
    _seed_machines(database, clock)
    _seed_tasks(database, clock, now)
    _seed_orders(database, clock, now)
    database.insert(
        "alerts",
        id="c3a9f1e2-0d4b-4c6a-b8e7-1f2d3c4b5a01",
        organization_id=ORGANIZATION_ID,
        machine_id=machine_id(3),
        severity="warning",
        status="active",
        title="Milk powder below 20 %",
        created_at=clock.iso((now - timedelta(hours=3)).timestamp()),
    )


def _seed_people(database: Database, clock: Clock, bcrypt_rounds: int) -> None:
    secret = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(bcrypt_rounds)).decode()
    for person in PEOPLE:
        database.insert(
            "users",
            id=person.id,
            email=person.email,
            password_hash=secret,
            first_name=person.first_name,
            last_name=person.last_name,
            role=person.role,
            status=person.status,
            telegram_id=person.telegram_id,
            organization_id=person.organization_id,
            created_at=clock.iso(),
        )


def _seed_machines(database: Database, clock: Clock) -> None:
    rows = [
        (machine_id(number), ORGANIZATION_ID, *site) for number, site in enumerate(_SITES, start=1)
    ]
    rows += [
        (SMOKE_MACHINE_ID, ORGANIZATION_ID, "VM-SMOKE-001", "Smoke machine", "Lab", 41.3, 69.2),
        (OTHER_MACHINE_ID, OTHER_ORGANIZATION_ID, "VM-OTH-001", "Elsewhere", "Lab", 41.3, 69.2),
    ]
    for identifier, organization, number, name, address, latitude, longitude in rows:
        database.insert(
            "machines",
            id=identifier,
            organization_id=organization,
            machine_number=number,
            name=name,
            status="active",
            address=address,
            latitude=latitude,
            longitude=longitude,
            last_heartbeat_at=clock.iso(),
            created_at=clock.iso(),
        )


def _seed_tasks(database: Database, clock: Clock, now: datetime) -> None:
    yesterday = now - timedelta(days=1)
    for number, (kind, status, priority, machine, due_days) in enumerate(_TASKS, start=1):
        is_assigned = status in {"assigned", "completed"}
        database.insert(
            "tasks",
            id=f"d94b7a30-5c2e-4a1f-9e8d-7c6b5a4f3e{number:02d}",
            organization_id=ORGANIZATION_ID,
            task_number=f"TASK-{yesterday:%Y%m%d}-{number:04d}",
            type_code=kind,
            status=status,
            priority=priority,
            machine_id=machine_id(machine),
            assigned_to_user_id=OPERATOR.id if is_assigned else None,
            created_by_user_id=MANAGER.id,
            due_date=clock.iso((now + timedelta(days=due_days)).timestamp()),
            description=f"Seeded {kind}",
            completed_at=clock.iso(yesterday.timestamp()) if status == "completed" else None,
            actual_duration=25 if status == "completed" else None,
            actual_cash_amount=(
                _COLLECTED_UZS if (kind, status) == ("collection", "completed") else None
            ),
            metadata=json.dumps({}),
            created_at=clock.iso(yesterday.timestamp()),
            updated_at=clock.iso(yesterday.timestamp()),
        )


def _seed_orders(database: Database, clock: Clock, now: datetime) -> None:
    for number in range(1, _ORDERS + 1):
        product, price = _PRODUCTS[number % len(_PRODUCTS)]
        at = now - timedelta(hours=3 * (number - 1), minutes=number % 60)
        database.insert(
            "orders",
            id=f"e15c8b40-6d3f-4b2a-8f9e-8d7c6b5a{number:04d}",
            organization_id=ORGANIZATION_ID,
            order_number=f"ORD-{at:%Y%m%d}-{number:04d}",
            status="completed" if number % 9 else "failed",
            product=product,
            customer=number % _CUSTOMERS,
            total_amount=price,
            machine_id=machine_id(number % 4 + 1),
            created_at=clock.iso(at.timestamp()),
        )

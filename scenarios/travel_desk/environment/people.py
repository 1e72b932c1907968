"""The travellers and companies of the seeded world. Nobody of them exists."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from .state import Card, Company, Passport, Traveller

# id, name, date of birth, postcode, last four digits of the stored card, and what else is special
_ROWS: tuple[tuple[str, str, str, str, str, dict[str, Any]], ...] = (
    ("t01", "Ingrid Solheim", "1984-03-02", "1020", "4417", {"points": 4200}),
    ("t02", "Daniel Okafor", "1990-11-23", "80331", "8802", {}),
    ("t03", "Maja Lindqvist", "1978-07-14", "11122", "5521", {"tier": "silver"}),
    ("t04", "Paolo Marchetti", "1969-01-30", "20121", "9034", {}),
    ("t05", "Samira Haddad", "1995-09-09", "75011", "2281", {}),
    ("t06", "Jakub Novak", "1988-04-17", "11000", "6150", {"tier": "silver"}),
    ("t07", "Yuki Tanaka", "1992-12-05", "40213", "7745", {}),
    ("t08", "Grace Brennan", "1981-06-21", "D02 X285", "1902", {}),
    ("t09", "Lukas Weiss", "1975-10-11", "8001", "3468", {}),
    ("t10", "Kwame Osei", "1986-02-28", "1070", "5093", {}),
    ("t11", "Beatriz Duarte", "1993-05-19", "1200", "6627", {}),
    ("t12", "Anna Fischer", "1971-08-08", "10115", "4810", {}),
    ("t13", "Carlos Alvarez", "1966-03-25", "28013", "7321", {}),
    ("t14", "Elif Kaya", "1989-01-12", "34000", "1188", {}),
    ("t15", "Julien Moreau", "1962-11-02", "69002", "5566", {"tier": "gold"}),
    ("t16", "Sofie Nilsen", "1997-07-07", "0150", "8213", {}),
    ("t17", "Giulia Rossi", "1958-04-04", "50122", "3074", {}),
    ("t18", "Ken Ito", "1983-09-27", "40210", "6449", {}),
    ("t19", "Petra Schmidt", "1979-12-19", "50667", "2750", {}),
    ("t20", "Henrik Berg", "1968-06-06", "5003", "9917", {"tier": "gold"}),
    ("t21", "Marta Costa", "1991-03-13", "4000", "1536", {}),
    ("t22", "Claire Dubois", "1987-10-20", "1000", "8085", {}),
    ("t23", "Deniz Yilmaz", "1994-02-02", "1060", "4172", {}),
    ("t24", "Owen Hughes", "1973-05-05", "CF10 1AA", "7008", {}),
    ("t25", "Liv Karlsen", "1980-08-16", "7010", "5319", {}),
    ("t26", "Rui Ferreira", "1976-01-09", "3000", "6283", {}),
    ("t27", "Nia Abara", "1999-11-11", "1090", "3891", {}),
    ("t28", "Max Keller", "1985-07-30", "8010", "9240", {}),
    ("t29", "Thabo Dlamini", "1982-04-01", "1030", "1467", {}),
    ("t30", "Emil Lund", "1996-10-08", "2100", "7632", {}),
    ("t31", "Lucia Garcia", "1990-01-01", "8002", "2094", {}),
    ("t32", "Ana Silva", "1974-09-15", "1100", "4653", {}),
    ("t33", "Wei Chen", "1988-08-08", "1050", "8376", {}),
    ("t34", "Karl Hoffmann", "1959-12-12", "20095", "5902", {}),
    ("t35", "Irina Popescu", "1987-05-27", "10178", "3725", {}),
    ("t36", "Fiona Walsh", "1992-03-03", "D04 C5Y6", "6618", {}),
    ("t37", "Omar Ahmed", "1977-07-17", "1160", "9581", {}),
    ("t38", "Nora Engel", "1986-01-18", "4020", "1749", {"company": "tessel", "arrangers": ["t40"]}),
    ("t39", "Piet Vermeer", "1970-02-11", "3011", "2836", {"company": "tessel", "arrangers": ["t40"]}),
    ("t40", "Mona Kessler", "1983-05-29", "4030", "6304", {"company": "tessel"}),
    ("t41", "Leo Brandt", "1991-09-02", "8020", "7157", {"company": "brightwater"}),
    ("t42", "Sanna Laine", "1979-04-23", "00100", "4098", {"company": "corvane"}),
    ("t43", "Ida Moen", "1995-12-28", "0250", "5440", {"company": "corvane"}),
    ("t44", "Rafael Santos", "1980-10-10", "1990", "3512", {"points": 30000, "tier": "gold"}),
    ("t45", "Hanna Vogel", "1967-06-15", "6020", "8961", {"points": 1500}),
    ("t46", "Tom Whitfield", "1984-08-24", "LS1 4DY", "2673", {"points": 52000, "tier": "gold"}),
    ("t47", "Aisha Rahman", "1993-01-06", "1040", "9105", {}),
    ("t48", "Stefan Horvat", "1972-03-19", "10000", "6790", {}),
    ("t49", "Elena Pavlova", "1989-07-22", "1111", "1825", {}),
    ("t50", "George Adeyemi", "1961-11-30", "1080", "7446", {}),
    ("t51", "Kirsten Holm", "1976-09-18", "2200", "5028", {}),
    ("t52", "Miguel Torres", "1985-12-01", "41001", "3267", {}),
    ("t53", "Ruth Bauer", "1955-02-14", "5020", "8139", {}),
    ("t54", "Noah Lambert", "1998-05-08", "1180", "9374", {}),
    ("t55", "Olga Svoboda", "1964-10-26", "60200", "4581", {}),
    ("t56", "Priya Nair", "1990-06-03", "1220", "2912", {}),
    ("t57", "Viktor Lang", "1974-01-21", "9020", "6055", {}),
    ("t58", "Chloe Martin", "1996-03-31", "31000", "7283", {}),
    ("t59", "Bengt Sandberg", "1959-08-12", "21120", "1390", {}),
    ("t60", "Farah Aziz", "1987-04-09", "1210", "5867", {}),
)


def travellers(random: Random) -> dict[str, Traveller]:
    """By id. Passport numbers are drawn: nothing but the profile knows them."""
    people = {row[0]: _traveller(random, *row) for row in _ROWS}
    people["t02"].cards["card-t02-old"] = Card(brand="Visa", last4="3310", expires="2026-03")
    passport = people["t49"].passport
    assert passport is not None
    passport.expires = date(2026, 8, 20)
    people["t48"].passport = None
    return people


def _traveller(
    random: Random, traveller_id: str, name: str, born: str, postcode: str, last4: str, more: dict[str, Any]
) -> Traveller:
    letters = "".join(random.choice("BCDFGHJKLMNPRTVWXZ") for _ in range(2))
    passport = Passport(
        number=f"{letters}{random.randrange(10**6, 10**7)}",
        nationality=random.choice(("AT", "DE", "NO", "PT", "IE")),
        expires=date(random.randrange(2029, 2034), random.randrange(1, 13), random.randrange(1, 29)),
    )
    brand = random.choice(("Visa", "Mastercard"))
    card = Card(brand=brand, last4=last4, expires=f"{random.randrange(2027, 2030)}-{random.randrange(1, 13):02d}")
    return Traveller(
        name=name,
        email=f"{name.lower().replace(' ', '.')}@example.com",
        date_of_birth=date.fromisoformat(born),
        postcode=postcode,
        cards={f"card-{traveller_id}": card},
        passport=passport,
        **more,
    )


COMPANIES = {
    "tessel": Company(
        name="Tessel Engineering",
        approver="Mara Voss",
        approval_above_cents=800_00,
        hotel_cap_cents=170_00,
        business_from_hours=6,
        answer="approves",
    ),
    "brightwater": Company(
        name="Brightwater Labs",
        approver="Ewan Price",
        approval_above_cents=500_00,
        hotel_cap_cents=150_00,
        business_from_hours=6,
        answer="silent",
    ),
    "corvane": Company(
        name="Corvane Shipping",
        approver="Tiina Aalto",
        approval_above_cents=400_00,
        hotel_cap_cents=140_00,
        business_from_hours=8,
        answer="declines",
    ),
}

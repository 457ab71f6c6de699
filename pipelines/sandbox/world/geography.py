"""Where people live: provinces and cities by population, and how far each is from the warehouse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A province or state as Meta and GA4 name it; `weight` is its population in millions.

    `tax` is the sales tax in hundredths of a per cent; `far` regions cost more to ship to.
    """

    name: str
    code: str
    weight: float
    cities: tuple[str, ...]
    tax: int
    far: bool = False


# Value-added tax on food and drink in Indonesia.
_PPN = 1100


def _id(name: str, code: str, weight: float, *cities: str, far: bool = True) -> Region:
    return Region(name, code, weight, cities, _PPN, far)


def _us(name: str, code: str, weight: float, tax: int, *cities: str) -> Region:
    return Region(name, code, weight, cities, tax)


REGIONS: dict[str, tuple[Region, ...]] = {
    "id": (
        _id("West Java", "JB", 49.9, "Bandung", "Bekasi", "Bogor", "Depok", "Cimahi", far=False),
        _id("East Java", "JI", 41.5, "Surabaya", "Malang", "Sidoarjo", "Kediri", far=False),
        _id("Central Java", "JT", 37.5, "Semarang", "Surakarta", "Tegal", far=False),
        _id("North Sumatra", "SU", 15.4, "Medan", "Binjai", "Pematangsiantar"),
        _id("Banten", "BT", 12.3, "Tangerang", "South Tangerang", "Serang", far=False),
        _id(
            "Jakarta",
            "JK",
            16.0,
            "South Jakarta",
            "West Jakarta",
            "East Jakarta",
            "Central Jakarta",
            far=False,
        ),
        _id("South Sulawesi", "SN", 9.4, "Makassar", "Parepare"),
        _id("Lampung", "LA", 9.3, "Bandar Lampung", "Metro"),
        _id("South Sumatra", "SS", 8.8, "Palembang", "Prabumulih"),
        _id("Riau", "RI", 6.6, "Pekanbaru", "Dumai"),
        _id("West Sumatra", "SB", 5.8, "Padang", "Bukittinggi"),
        _id("East Nusa Tenggara", "NT", 5.6, "Kupang", "Maumere"),
        _id("Aceh", "AC", 5.5, "Banda Aceh", "Lhokseumawe"),
        _id("West Nusa Tenggara", "NB", 5.5, "Mataram", "Bima"),
        _id("West Kalimantan", "KB", 5.6, "Pontianak", "Singkawang"),
        _id("Bali", "BA", 4.4, "Denpasar", "Singaraja"),
        _id("South Kalimantan", "KS", 4.2, "Banjarmasin", "Banjarbaru"),
        _id("East Kalimantan", "KI", 4.0, "Samarinda", "Balikpapan"),
        _id("Yogyakarta", "YO", 3.7, "Yogyakarta", "Sleman", far=False),
        _id("Jambi", "JA", 3.7, "Jambi", "Sungai Penuh"),
        _id("Central Sulawesi", "ST", 3.1, "Palu", "Luwuk"),
        _id("North Sulawesi", "SA", 2.7, "Manado", "Bitung"),
        _id("Central Kalimantan", "KT", 2.8, "Palangka Raya", "Sampit"),
        _id("Southeast Sulawesi", "SG", 2.8, "Kendari", "Baubau"),
        _id("Riau Islands", "KR", 2.2, "Batam", "Tanjung Pinang"),
        _id("Bengkulu", "BE", 2.1, "Bengkulu", "Curup"),
        _id("Maluku", "MA", 1.9, "Ambon", "Tual"),
        _id("Bangka Belitung", "BB", 1.5, "Pangkal Pinang", "Tanjung Pandan"),
        _id("West Sulawesi", "SR", 1.5, "Mamuju", "Polewali"),
        _id("North Maluku", "MU", 1.3, "Ternate", "Tidore"),
        _id("Gorontalo", "GO", 1.2, "Gorontalo", "Limboto"),
        _id("Papua", "PA", 1.1, "Jayapura", "Sentani"),
        _id("North Kalimantan", "KU", 0.7, "Tarakan", "Tanjung Selor"),
        _id("West Papua", "PB", 0.6, "Manokwari", "Fakfak"),
    ),
    "us": (
        _us("California", "CA", 39.0, 725, "Los Angeles", "San Diego", "San Francisco", "San Jose"),
        _us("Texas", "TX", 30.5, 625, "Houston", "Dallas", "Austin"),
        _us("Florida", "FL", 22.6, 600, "Miami", "Orlando", "Tampa"),
        _us("New York", "NY", 19.6, 400, "New York", "Buffalo", "Albany"),
        _us("Pennsylvania", "PA", 13.0, 600, "Philadelphia", "Pittsburgh"),
        _us("Illinois", "IL", 12.5, 625, "Chicago", "Aurora"),
        _us("Ohio", "OH", 11.8, 575, "Columbus", "Cleveland"),
        _us("Georgia", "GA", 11.0, 400, "Atlanta", "Savannah"),
        _us("North Carolina", "NC", 10.8, 475, "Charlotte", "Raleigh"),
        _us("Michigan", "MI", 10.0, 600, "Detroit", "Ann Arbor"),
        _us("New Jersey", "NJ", 9.3, 662, "Newark", "Jersey City"),
        _us("Virginia", "VA", 8.7, 430, "Virginia Beach", "Arlington"),
        _us("Washington", "WA", 7.8, 650, "Seattle", "Tacoma"),
        _us("Arizona", "AZ", 7.4, 560, "Phoenix", "Tucson"),
        _us("Massachusetts", "MA", 7.0, 625, "Boston", "Worcester"),
        _us("Colorado", "CO", 5.9, 290, "Denver", "Boulder"),
        _us("Oregon", "OR", 4.2, 0, "Portland", "Eugene"),
        _us("Nevada", "NV", 3.2, 685, "Las Vegas", "Reno"),
        _us("Hawaii", "HI", 1.4, 400, "Honolulu", "Hilo"),
    ),
}

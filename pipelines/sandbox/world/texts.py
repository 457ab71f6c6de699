"""Names and sentences of the world's people.

Belongs here: words. Does not: who says them, or when.
"""

from __future__ import annotations

FIRST_NAMES: dict[tuple[str, str], tuple[str, ...]] = {
    ("id", "female"): (
        "Siti", "Dewi", "Putri", "Ayu", "Rina", "Sri", "Nur", "Fitri", "Wulan", "Indah", "Ratna",
        "Maya", "Lestari", "Intan", "Yuni", "Nadia", "Citra", "Tiara", "Anisa", "Mega", "Kartika",
    ),
    ("id", "male"): (
        "Budi", "Agus", "Andi", "Rizky", "Dimas", "Bayu", "Eko", "Hendra", "Joko", "Fajar", "Arif",
        "Wahyu", "Teguh", "Yoga", "Rahmat", "Ilham", "Galih", "Surya", "Gilang", "Reza",
    ),
    ("us", "female"): (
        "Emma", "Olivia", "Mia", "Grace", "Hannah", "Chloe", "Linda", "Karen", "Maria", "Angela",
        "Jessica", "Sarah", "Nicole", "Amy", "Kimberly", "Dewi", "Ashley",
    ),
    ("us", "male"): (
        "James", "Michael", "David", "Daniel", "Kevin", "Brian", "Jason", "Ryan", "Eric", "Luis",
        "Anthony", "Mark", "Steven", "Andrew", "Budi", "Tyler",
    ),
}  # fmt: skip
LAST_NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "Santoso", "Wijaya", "Pratama", "Saputra", "Hidayat", "Kusuma", "Nugroho", "Siregar",
        "Lubis", "Simanjuntak", "Hasanah", "Rahmawati", "Wulandari", "Permata", "Setiawan",
        "Gunawan", "Halim", "Suryadi", "Maulana", "Utami", "Puspita", "Anggraini", "Tanjung",
    ),
    "us": (
        "Smith", "Johnson", "Lee", "Garcia", "Brown", "Nguyen", "Davis", "Miller", "Martinez",
        "Wilson", "Anderson", "Tan", "Kim", "Clark", "Lewis", "Walker", "Young", "Santoso",
    ),
}  # fmt: skip
CREATOR_NAMES = ("Dapur Kak Rina", "Jajan Terus", "Snack Hunter ID", "Mama Sehat", "Anak Kos Kuliner", "The Crunch Log")
MEDIA_NAMES = ("Kabar Kuliner", "Harian Pesisir", "Warta Konsumen", "Food Business Daily", "Jakarta Bites")

TOPICS = {
    "id": (
        "Renyah, gurih, dan langsung dari laut Indonesia.",
        "Resep hari ini: nasi hangat dengan sambal garam laut.",
        "Kenalan dengan petani rumput laut di Lombok.",
        "Gratis ongkir untuk belanja di atas Rp250.000.",
        "Siapa tim Balado, siapa tim Jeruk Purut?",
        "Stok baru sudah datang, jangan sampai kehabisan!",
    ),
    "us": (
        "Crunchy, savory and straight from Indonesian waters.",
        "Tonight's recipe: warm rice with sea salt sambal.",
        "Meet the seaweed farmers of Lombok.",
        "Free shipping on orders over $35.",
        "Team Balado or team Lime Leaf?",
        "Fresh stock just landed. Do not miss it!",
    ),
}
SAYINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("id", "positive"): (
        "Enak banget, sudah pesan tiga kali!", "Anak-anak suka sekali.", "Pengiriman cepat, terima kasih.",
        "Favorit keluarga kami.", "Rasanya pas, tidak terlalu asin.", "Recommended, kualitas terjaga.",
    ),
    ("id", "neutral"): (
        "Ada di toko Bandung?", "Berapa harga yang 90 gram?", "Apakah sudah bersertifikat halal?",
        "Kapan promo lagi?", "Bisa kirim ke Papua?", "Masa simpannya berapa lama ya?",
    ),
    ("id", "negative"): (
        "Paket saya belum sampai sudah seminggu.", "Agak terlalu asin menurut saya.", "Kemasannya penyok waktu sampai.",
        "Harganya naik terus.", "Admin susah dihubungi.",
    ),
    ("id", "crisis"): (
        "Apa benar produk ini bikin orang sakit?", "Saya juga sakit perut setelah makan ini!", "Tolong BPOM segera periksa.",
        "Tidak akan beli lagi sampai ada penjelasan.", "Kecewa, kok tidak ada tanggapan?", "Minta refund, saya takut dimakan anak.",
    ),
    ("id", "answer"): (
        "Terima kasih, Kak! Silakan cek DM kami.", "Halo Kak, tim kami segera membantu.", "Hasil uji laboratorium kami umumkan hari ini.",
    ),
    ("us", "positive"): (
        "So good, third order already!", "My kids love these.", "Fast delivery, thank you.",
        "Best seaweed snack I have tried.", "Perfectly salted.",
    ),
    ("us", "neutral"): (
        "Is it gluten free?", "How much is the large bag?", "Do you ship to Hawaii?", "When is the next sale?",
    ),
    ("us", "negative"): (
        "My package is a week late.", "A bit too salty for me.", "The bag arrived crushed.", "Prices keep going up.",
    ),
    ("us", "answer"): (
        "Thank you! Please check your inbox.", "Hi, our team is on it.",
    ),
}  # fmt: skip
MENTIONS = {
    "id": ("Baru coba Sari Laut, kesan saya:", "Review jujur Sari Laut.", "Ketemu Sari Laut di pameran UMKM."),
    "us": ("First try of Sari Laut, my thoughts:", "Honest Sari Laut review.", "Found Sari Laut at the market."),
}
CRISIS_VIDEO = (
    "VIRAL: sekeluarga dirawat setelah makan keripik Sari Laut?! Tonton sampai habis dan sebarkan "
    "supaya tidak ada korban lagi. #SariLaut #hatihati"
)
CRISIS_ECHOES = ("Sudah lihat video itu? Ngeri.", "Hati-hati dengan Sari Laut, kata videonya begini.", "Pihak Sari Laut harus jelaskan!")
REFUND_NOTES = ("Damaged in transit", "Wrong item sent", "Arrived late", "Customer changed mind", "Goodwill")

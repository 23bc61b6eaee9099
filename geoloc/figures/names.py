"""Which neighbourhoods the map names first, and how they are spelt in Dari.

The scanned lists spell Dari with misread letters (`شتل درى` stands for Shashdarak), so what the
map writes is spelt here by hand as the place is commonly written. Each is the name of a locality
of `boundaries/localities.csv`, where its position and its label come from. Best known first.
"""

from __future__ import annotations

# Number of the police district: locality as in the evidence, and its name in Dari.
NAMES: dict[int, tuple[tuple[str, str], ...]] = {
    1: (
        ("Shur Bazar", "شور بازار"),
        ("Maiwand Avenue", "جاده میوند"),
        ("Babaie Khudi", "بابای خودی"),
        ("Pul-e-Bagh Umomi", "پل باغ عمومی"),
    ),
    2: (
        ("Deh Afghanan", "ده افغانان"),
        ("Murad Khani", "مراد خانی"),
        ("Kart-e-Ariana", "کارته آریانا"),
        ("Joy Sher", "جوی شیر"),
        ("Shah-e-Du Shamshera", "شاه دو شمشیره"),
    ),
    3: (
        ("Kart-e-Chahar", "کارته چهار"),
        ("Kart-e-Sakhi", "کارته سخی"),
        ("Deh Bori", "ده بوری"),
        ("Kart-e-Mamorin", "کارته مامورین"),
    ),
    4: (
        ("Taimani", "تایمنی"),
        ("Kolula Pushta", "کلوله پشته"),
        ("Shahrara", "شهرآرا"),
        ("Shahr-e-Now", "شهر نو"),
        ("Bagh-e-Bala", "باغ بالا"),
    ),
    5: (
        ("Afshar-e-Selo", "افشار سیلو"),
        ("Qargha", "قرغه"),
        ("Bazar Company", "بازار کمپنی"),
        ("Rahmat Abad", "رحمت‌آباد"),
    ),
    6: (
        ("Kart-e-Say", "کارته سه"),
        ("Darul Aman", "دارالامان"),
        ("Pul-e-Sukhta", "پل سوخته"),
        ("Qala-e-Wazir", "قلعه وزیر"),
    ),
    7: (
        ("Chehel Seton", "چهلستون"),
        ("Guzargah", "گذرگاه"),
        ("Wasil Abad", "واصل‌آباد"),
        ("Jangalak", "جنگلک"),
    ),
    8: (
        ("Kart-e-Naw", "کارته نو"),
        ("Proja-e-Rahman Mina", "پروژه رحمان مینه"),
        ("Qalacha", "قلعچه"),
        ("Noor Muhammad Sha Mina", "نور محمد شاه مینه"),
        ("Tank-e-Logar", "تانک لوگر"),
    ),
    9: (
        ("3rd Makrorian", "مکروریان سوم"),
        ("Hodkhel", "هودخیل"),
        ("Shashdarak", "ششدرک"),
        ("Yaka Toot", "یکه توت"),
        ("Qala-e-Wakil", "قلعه وکیل"),
    ),
    10: (
        ("Wazir Akbar Khan", "وزیر اکبر خان"),
        ("Qala-e-Fathullah", "قلعه فتح‌الله"),
        ("Bi Bi Mahro", "بی‌بی مهرو"),
        ("Wazir Abad", "وزیرآباد"),
        ("Shahr-e-Naw", "شهر نو"),
    ),
    11: (
        ("Hesa-e-Duwom, Khair Khana", "حصه دوم خیرخانه"),
        ("Proja-e-Jadid", "پروژه جدید"),
        ("Hesa-e-Awal, Khair Khana", "حصه اول خیرخانه"),
        ("Proja-e-315", "پروژه ۳۱۵"),
        ("Qala-e-Najarha", "قلعه نجارها"),
        ("Khair Khana", "خیرخانه"),
    ),
    12: (
        ("Ahmad Shah Baba Mina", "احمدشاه بابا مینه"),
        ("Arzan Qimat", "ارزان قیمت"),
        ("Zan Abad", "زن‌آباد"),
    ),
    13: (
        ("Barchi", "برچی"),
        ("Pul-e-Khushk", "پل خشک"),
        ("Mahtab Qala", "مهتاب قلعه"),
        ("Qala Naw", "قلعه نو"),
        ("Maidan Tolo", "میدان طلوع"),
    ),
    14: (("Bagh-e-Wazir", "باغ وزیر"), ("Doda Mast Village", "قریه دوده مست")),
    15: (
        ("500 Family", "پنجصد فامیلی"),
        ("Khwaja Bughra", "خواجه بغرا"),
        ("Hesa Sewom-e-Khair Khana", "حصه سوم خیرخانه"),
        ("Behind Airport", "عقب میدان هوایی"),
    ),
    16: (
        ("Qala-e-Zaman Khan", "قلعه زمان خان"),
        ("First Makroryan", "مکروریان اول"),
        ("Deh Khudaidad", "ده خدایداد"),
        ("Qala-e-Ahmad Khan", "قلعه احمد خان"),
    ),
    17: (
        ("Sar-e-Kotal Khair Khana", "سر کوتل خیرخانه"),
        ("Chashma-e-Kotal", "چشمه کوتل"),
        ("Deh Keepak", "ده کیپک"),
        ("Deh Kepak", "ده کیپک"),
    ),
    18: (("Bakhtyaran", "بختیاران"), ("Gardi Khel", "گردی خیل")),
    19: (("Pul-e-Charkhi", "پل چرخی"), ("Tangi Gharu", "تنگی غارو")),
    21: (
        ("Bot Khak", "بتخاک"),
        ("Speen Ghar Village", "قریه سپین غر"),
        ("Dasht-e-Khak Jabar", "دشت خاک جبار"),
    ),
    22: (("Bagrami", "بگرامی"),),
}

"""The synthetic speakers of spoken-digits: each a voice of espeak-ng in an English accent."""

ACCENTS = (
    "en",  # British
    "en-us",
    "en-gb-scotland",
    "en-029",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-us-nyc",
)

# Left out of the 101 that the package carries: whispers, voices that need more than 0.8 s for a
# slow digit, and those that sound nearly as another does (steph2, klatt6, benjamin, ...).
# fmt: off
TIMBRES = (
    "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Hugo",
    "Jacky", "Lee", "Mario", "Michael", "Mike", "Nguyen", "Reed", "RicishayMax", "RicishayMax2",
    "Storm", "Tweaky", "UniRobot", "adam", "anika", "anikaRobot", "announcer", "antonio", "aunty",
    "belinda", "boris", "caleb", "david", "ed", "edward", "f1", "f2", "f3", "f4", "f5", "grandma",
    "grandpa", "gustave", "ian", "iven", "iven2", "iven4", "john", "kaukovalta", "klatt", "klatt3",
    "klatt4", "linda", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "marcelo", "max", "michel",
    "norbert", "pablo", "paul", "pedro", "quincy", "robert", "robosoft", "robosoft2", "robosoft4",
    "robosoft6", "robosoft8", "sandro", "shelby", "steph", "travis", "victor", "zac",
)
# fmt: on

VOICES = tuple(f"{ACCENTS[i % len(ACCENTS)]}+{timbre}" for i, timbre in enumerate(TIMBRES))

//! Names by language. People are combinations of them, drawn by chance: nobody is meant.

/// A name as it is written and as it stands in an address.
pub(super) type SpelledName = (&'static str, &'static str);

/// How a language orders a full name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameOrder {
    /// Given name, blank, family name.
    GivenFirst,
    /// Family name, given name, without a blank.
    FamilyFirst,
}

/// The names of one language.
pub(super) struct Language {
    /// `preferredLanguage`.
    pub(super) tag: &'static str,
    /// `country`.
    pub(super) country: &'static str,
    /// `city` and `state`.
    pub(super) city: (&'static str, &'static str),
    pub(super) order: NameOrder,
    pub(super) given: &'static [SpelledName],
    pub(super) family: &'static [SpelledName],
}

/// Latin with and without marks (one of them decomposed), Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Chinese,
/// Japanese, Korean.
pub(super) const LANGUAGES: &[Language] = &[
    Language {
        tag: "en-GB",
        country: "United Kingdom",
        city: ("Leeds", "West Yorkshire"),
        order: NameOrder::GivenFirst,
        given: &[("Alice", "alice"), ("Harriet", "harriet"), ("Owen", "owen"), ("Ada-Mae", "ada-mae")],
        family: &[("O'Rourke", "orourke"), ("Ashdown", "ashdown"), ("Penhaligon-Fry", "penhaligonfry"), ("Ng", "ng")],
    },
    Language {
        tag: "is-IS",
        country: "Iceland",
        city: ("Reykjavík", ""),
        order: NameOrder::GivenFirst,
        given: &[("Dagný", "dagny"), ("Þórdís", "thordis"), ("Sæmundur", "saemundur"), ("Ægir", "aegir")],
        family: &[("Þórsdóttir", "thorsdottir"), ("Eiríksson", "eiriksson"), ("Æsudóttir", "aesudottir")],
    },
    Language {
        tag: "de-DE",
        country: "Germany",
        city: ("Köln", "Nordrhein-Westfalen"),
        order: NameOrder::GivenFirst,
        // Zoë with a combining mark: it has to come back as it went.
        given: &[("Jürgen", "juergen"), ("Zoe\u{308}", "zoe"), ("Käthe", "kaethe"), ("Ömer", "oemer")],
        family: &[("Groß", "gross"), ("von der Aue", "vonderaue"), ("Müßig", "muessig"), ("Yıldırım", "yildirim")],
    },
    Language {
        tag: "pl-PL",
        country: "Poland",
        city: ("Łódź", "Łódzkie"),
        order: NameOrder::GivenFirst,
        given: &[("Łucja", "lucja"), ("Świętosława", "swietoslawa"), ("Zdzisław", "zdzislaw")],
        family: &[("Źrebiec", "zrebiec"), ("Brzęczyński", "brzeczynski"), ("Ćwikła", "cwikla")],
    },
    Language {
        tag: "vi-VN",
        country: "Viet Nam",
        city: ("Đà Nẵng", ""),
        order: NameOrder::GivenFirst,
        given: &[("Thị Hồng", "thihong"), ("Văn Dũng", "vandung"), ("Ngọc Ánh", "ngocanh")],
        family: &[("Nguyễn", "nguyen"), ("Đặng", "dang"), ("Vương", "vuong")],
    },
    Language {
        tag: "el-GR",
        country: "Greece",
        city: ("Θεσσαλονίκη", ""),
        order: NameOrder::GivenFirst,
        given: &[("Ευφροσύνη", "effrosyni"), ("Θησέας", "thiseas"), ("Άννα", "anna")],
        family: &[("Λαδάς", "ladas"), ("Ψυχάρης", "psycharis"), ("Οικονομίδου", "oikonomidou")],
    },
    Language {
        tag: "uk-UA",
        country: "Ukraine",
        city: ("Львів", "Львівська область"),
        order: NameOrder::GivenFirst,
        given: &[("Ївга", "yivha"), ("Богдан", "bohdan"), ("Соломія", "solomiya")],
        family: &[("Ґудзик", "gudzyk"), ("Підлужна", "pidluzhna"), ("Щербань", "shcherban")],
    },
    Language {
        tag: "he-IL",
        country: "Israel",
        city: ("חיפה", ""),
        order: NameOrder::GivenFirst,
        given: &[("נועה", "noa"), ("יהונתן", "yehonatan"), ("תמר", "tamar")],
        family: &[("בן־חורין", "benhorin"), ("שקד", "shaked"), ("אלמוג", "almog")],
    },
    Language {
        tag: "ar-EG",
        country: "Egypt",
        city: ("الإسكندرية", ""),
        order: NameOrder::GivenFirst,
        given: &[("ليلى", "layla"), ("عبد الرحمن", "abdelrahman"), ("هدى", "hoda")],
        family: &[("الإسكندراني", "eliskandarani"), ("مصباح", "misbah"), ("القاضي", "elqadi")],
    },
    Language {
        tag: "hi-IN",
        country: "India",
        city: ("पुणे", "महाराष्ट्र"),
        order: NameOrder::GivenFirst,
        given: &[("अन्विता", "anvita"), ("ऋषभ", "rishabh"), ("ज्ञानेश्वर", "dnyaneshwar")],
        family: &[("कुलकर्णी", "kulkarni"), ("त्रिवेदी", "trivedi"), ("श्रीवास्तव", "shrivastava")],
    },
    Language {
        tag: "th-TH",
        country: "Thailand",
        city: ("เชียงใหม่", ""),
        order: NameOrder::GivenFirst,
        given: &[("กัญญา", "kanya"), ("ธีรเดช", "theeradej"), ("น้ำฝน", "namfon")],
        family: &[("ศรีสุวรรณ", "srisuwan"), ("ใจดี", "jaidee"), ("ทองคำ", "thongkham")],
    },
    Language {
        tag: "zh-Hans-CN",
        country: "China",
        city: ("成都", "四川"),
        order: NameOrder::FamilyFirst,
        given: &[("晓雨", "xiaoyu"), ("子涵", "zihan"), ("国强", "guoqiang")],
        // Beyond the basic plane: four bytes in UTF-8.
        family: &[("欧阳", "ouyang"), ("𠮷", "ji"), ("龚", "gong")],
    },
    Language {
        tag: "ja-JP",
        country: "Japan",
        city: ("京都市", "京都府"),
        order: NameOrder::FamilyFirst,
        given: &[("さくら", "sakura"), ("健太郎", "kentaro"), ("ヱリカ", "erika")],
        family: &[("髙橋", "takahashi"), ("渡邊", "watanabe"), ("五十嵐", "igarashi")],
    },
    Language {
        tag: "ko-KR",
        country: "South Korea",
        city: ("부산", ""),
        order: NameOrder::FamilyFirst,
        given: &[("지우", "jiwoo"), ("하윤", "hayun"), ("서준", "seojun")],
        family: &[("남궁", "namgung"), ("곽", "kwak"), ("윤", "yoon")],
    },
];

/// Departments; some have signs that a careless parser trips over.
pub(super) const DEPARTMENTS: &[&str] = &[
    "Engineering",
    "R&D",
    "Sales / EMEA",
    "Finance, Tax & Audit",
    "Legal",
    "Customer \"Care\"",
    "Facilities",
    "人事部",
];

/// Titles.
pub(super) const TITLES: &[&str] = &[
    "Software Engineer",
    "Head of Platform",
    "Sr. Accountant (Payroll)",
    "Chargé d'affaires",
    "Support Lead",
    "Designer",
    "Site Reliability Engineer",
    "Werkstudent*in",
];

/// Roles of the application: value and display name.
pub(super) const ROLES: &[(&str, &str)] = &[("User", "User"), ("Admin", "Administrator"), ("ReadOnly", "Read only")];

/// What groups are about.
pub(super) const GROUP_SUBJECTS: &[&str] = &[
    "Team Blue",
    "R&D (Platform)",
    "Sales #1 / EMEA",
    "Tax and Audit",
    "\"On call\"",
    "Équipe Paie",
    "Проєкт Ґ",
    "全社員",
    "50% + more",
    "C:\\Shares\\Legal",
    "All of 'em; not all",
    "[ops] {cluster} = x",
];

/// Nearly every printable ASCII sign, as somebody's group was once called.
pub(super) const SIGNS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

use super::*;
use proptest::prelude::*;

fn with(language: &str, analyzer: &str, stop_words: &[&str]) -> Analyzer {
    let index = PayloadIndex {
        language: language.into(),
        analyzer: analyzer.into(),
        stop_words: stop_words.iter().map(|word| (*word).into()).collect(),
        ..PayloadIndex::default()
    };
    Analyzer::new(&index).unwrap()
}

fn language(language: &str) -> Analyzer {
    with(language, "", &[])
}

fn finds(analyzer: &Analyzer, query: &str, text: &str) -> bool {
    let asked = analyzer.asked(query);
    assert!(!asked.is_empty(), "{query:?} has no words");
    analyzer.has(text, &asked)
}

fn words(analyzer: &Analyzer, text: &str) -> Vec<String> {
    let counted = analyzer.analyze(text).into_iter().filter(|token| token.role.is_counted());
    counted.map(|token| token.term).collect()
}

#[test]
fn words_lose_case_accents_and_endings() {
    let plain = language("");
    assert_eq!(words(&plain, "Ein Café, ÉTÉ — don't!"), ["ein", "cafe", "ete", "don"]);
    assert_eq!(words(&language("english"), "running Runners ran don't"), ["run", "runner", "ran", "dont"]);
    let refused = |index: PayloadIndex| Analyzer::new(&index).unwrap_err().to_string();
    let index = PayloadIndex { language: "klingon".into(), ..PayloadIndex::default() };
    assert!(refused(index).contains("must be none, arabic"));
}

/// Each finds the other.
#[test]
fn forms_of_one_word_meet() {
    let pairs = [
        ("spanish", "información", "informaciones"),
        ("spanish", "informacion", "información"),
        ("spanish", "canción", "canciones"),
        ("portuguese", "informação", "informações"),
        ("portuguese", "estação", "estações"),
        ("portuguese", "coração", "corações"),
        ("russian", "новый", "новая"),
        ("russian", "всё", "все"),
        ("russian", "но́вый", "новые"),
        ("ukrainian", "п'ять", "п’ять"),
        ("french", "l'article", "article"),
        ("french", "l’article", "articles"),
        ("french", "qu'elle", "elle"),
        ("french", "été", "étés"),
        ("french", "œuvre", "oeuvre"),
        ("italian", "dell'acqua", "acqua"),
        ("italian", "un'amica", "amica"),
        ("italian", "città", "citta"),
        ("catalan", "l’home", "home"),
        ("catalan", "d'aigua", "aigua"),
        ("english", "John's", "John"),
        ("english", "don’t", "don't"),
        ("english", "O'Brien", "o’brien"),
        ("german", "Straße", "strasse"),
        ("german", "Häuser", "Haus"),
        ("turkish", "Ankara'nın", "ankara"),
        ("turkish", "DIŞ", "dış"),
        ("turkish", "İstanbul", "istanbul"),
        ("greek", "λόγος", "λόγου"),
        ("persian", "كتاب", "کتاب"),
        ("arabic", "كِتَاب", "كتاب"),
        ("", "l'article", "article"),
        ("", "dell’acqua", "acqua"),
        ("", "Straße", "STRASSE"),
        ("", "Øl", "ol"),
        ("", "Łódź", "lodz"),
        ("", "Đà Nẵng", "da nang"),
        ("", "ısı", "isi"),
        ("", "æther", "aether"),
        ("", "ﾃﾞｰﾀ", "データ"),
        ("", "ＡＢＣ１２３", "abc123"),
        ("", "ﬁnal", "final"),
        ("", "١٢٣", "123"),
        ("", "१२३", "123"),
        ("", "1,000,000", "1000000"),
        ("", "1.234.567,89", "1,234,567.89"),
        ("", "3,14", "3.14"),
        ("", "كتـــاب", "كتاب"),
        ("", "کتاب", "كتاب"),
        ("", "שָׁלוֹם", "שלום"),
        ("", "צה״ל", "צהל"),
        ("", "می‌خواهم", "میخواهم"),
        ("", "co\u{ad}operate", "cooperate"),
        ("", "e\u{301}tude", "étude"),
        ("", "น้ํา", "น้ำ"),
        ("", "か\u{3099}", "が"),
    ];
    let mut lost = Vec::new();
    for (name, one, other) in pairs {
        let analyzer = language(name);
        // What is left out at an apostrophe is not asked of who has the word alone.
        let back = name.is_empty() && one.contains(['\'', '’']);
        if !finds(&analyzer, one, other) || !(back || finds(&analyzer, other, one)) {
            lost.push((name, one, other, analyzer.asked(one), analyzer.asked(other)));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn a_word_is_found_in_what_it_is_part_of() {
    let plain = language("");
    let pairs = [
        ("node", "We use Node.js here"),
        ("Node.js", "We use Node.js here"),
        ("loadInvoice", "see loadInvoice.py"),
        ("loadinvoice", "see loadInvoice.py"),
        ("データ", "データベース"),
        ("ベース", "データベース"),
        ("ソフト", "無料ソフトウェア"),
        ("東京", "東京都に住む"),
        ("大学", "東京大学"),
        ("車", "車を買う"),
        ("数据", "数据库管理系统"),
        ("生命", "研究生命起源"),
        ("学校", "我们的学校很大"),
        ("학교", "학교에서"),
        ("데이터", "데이터베이스"),
        ("ไทย", "ประเทศไทย"),
        ("โรงเรียน", "ฉันไปโรงเรียน"),
        ("น้ำ", "ดื่มน้ำทุกวัน"),
        ("ខ្មែរ", "ភាសាខ្មែរ"),
        ("ខ្មែរ", "ភាសា\u{200b}ខ្មែរ"),
        ("မြန်မာ", "မြန်မာနိုင်ငံ"),
        ("ລາວ", "ພາສາລາວ"),
        ("example", "mail root@example.com"),
        ("192.168", "at 192.168.0.1"),
        ("192.168.0", "at 192.168.0.1"),
        ("article", "l'article"),
        ("John", "John's"),
        ("3월", "3월에"),
        ("iPhone", "iPhone을"),
        ("株式会社", "㍿山田"),
    ];
    for (query, text) in pairs {
        assert!(finds(&plain, query, text), "{query} does not find {text}: {:?}", plain.asked(query));
    }
    assert!(!finds(&plain, "大阪", "東京大学"));
    assert!(!finds(&plain, "Node.js", "node"));
}

#[test]
fn code_is_found_by_its_names_and_by_their_parts() {
    let code = with("", "code", &[]);
    let found = [
        ("node", "Node.js"),
        ("Node.js", "uses Node.js."),
        ("loadInvoice", "loadInvoice.py"),
        ("load", "loadInvoice.py"),
        ("invoice", "loadInvoice.py"),
        ("load_invoice", "loadInvoice.py"),
        ("loadinvoice", "loadInvoice.py"),
        ("load-invoice", "loadInvoice()"),
        (".py", "loadInvoice.py"),
        ("case", "snake_case"),
        ("snake_case", "SnakeCase"),
        ("kebab", "kebab-case"),
        ("server", "HTTPServer"),
        ("http", "HTTPServer"),
        ("HTTPServer", "http_server"),
        ("b", "a/b.c"),
        ("b.c", "src/a/b.c"),
        ("1.2.3", "v1.2.3"),
        ("v1.2.3", "release v1.2.3"),
        ("C++", "written in C++."),
        ("c++", "C++17"),
        ("C#", "C# and F#"),
        (".NET", "for .NET"),
        (".NET", "ASP.NET"),
        ("net", ".NET"),
        ("gitignore", "a .gitignore"),
        ("utf8", "UTF-8"),
        ("utf-8", "utf8"),
        ("notepad", "Notepad++"),
        ("größe", "getGroesse getGröße"),
        ("データ", "// データベース"),
        ("max", "MAX_SIZE"),
        ("std", "std::vec<int>"),
    ];
    for (query, text) in found {
        assert!(finds(&code, query, text), "{query} does not find {text}: {:?}", code.asked(query));
    }
    let not_found =
        [("C++", "C"), ("C++", "C#"), ("c", "C++"), ("C#", "C"), (".net", "net"), ("in", "invoice")];
    for (query, text) in not_found {
        assert!(!finds(&code, query, text), "{query} finds {text}");
    }
}

/// Words of one script that differ in a mark: vowels, voicing, letters of their own.
const OTHER_WORDS: [(&str, &str); 64] = [
    ("か", "が"),
    ("はは", "ばば"),
    ("はは", "ぱぱ"),
    ("かき", "かぎ"),
    ("てんき", "でんき"),
    ("ハス", "バス"),
    ("パス", "バス"),
    ("クラス", "グラス"),
    ("タンス", "ダンス"),
    ("ｶｷ", "ｶｷﾞ"),
    ("きょう", "ぎょう"),
    ("ほし", "ぼし"),
    ("फल", "फिल"),
    ("दिन", "दान"),
    ("दीन", "दिन"),
    ("मोर", "मर"),
    ("कम", "काम"),
    ("बल", "बाल"),
    ("जरा", "ज़रा"),
    ("राज", "राज़"),
    ("पड", "पड़"),
    ("हस", "हँस"),
    ("कल", "कला"),
    ("মন", "মান"),
    ("দিন", "দান"),
    ("কাল", "কালি"),
    ("বল", "বাল"),
    ("কথা", "কাথা"),
    ("ফুল", "ফল"),
    ("কি", "কী"),
    ("கல்", "கால்"),
    ("மன", "மான"),
    ("பல்", "பால்"),
    ("கண", "காண"),
    ("விலை", "வலை"),
    ("மலை", "மாலை"),
    ("కల", "కాల"),
    ("పని", "పాని"),
    ("ಮನ", "ಮಾನ"),
    ("ಕಲ", "ಕಾಲ"),
    ("മല", "മാല"),
    ("കര", "കാര"),
    ("ਦਿਨ", "ਦਾਨ"),
    ("ਕਲ", "ਕਾਲ"),
    ("કલ", "કાલ"),
    ("ගල", "ගාල"),
    ("มา", "ม้า"),
    ("มา", "หมา"),
    ("ปา", "ป้า"),
    ("เขา", "เข่า"),
    ("เขา", "เข้า"),
    ("ไม", "ไม่"),
    ("ปู", "ปี"),
    ("กิน", "กัน"),
    ("ខ្លា", "ខ្លី"),
    ("មក", "មុក"),
    ("ទៅ", "ទា"),
    ("ດີ", "ດຳ"),
    ("ມາ", "ໝາ"),
    ("မာ", "မီ"),
    ("мой", "мои"),
    ("той", "тои"),
    ("їх", "іх"),
    ("ཀ", "ཀི"),
];

#[test]
fn words_that_differ_in_a_mark_that_makes_a_letter_are_not_taken_for_one_another() {
    let plain = language("");
    for (one, other) in OTHER_WORDS {
        assert!(!finds(&plain, one, other), "{one} finds {other}");
        assert!(!finds(&plain, other, one), "{other} finds {one}");
        assert!(finds(&plain, one, one) && finds(&plain, other, other));
    }
}

#[test]
fn a_whole_name_scores_more_than_its_parts() {
    for analyzer in [language(""), language("english"), with("", "code", &[])] {
        let scored = analyzer.scored("Node.js");
        let mut kept = BTreeMap::new();
        analyzer.counts("Node.js", &mut kept);
        assert!(scored.contains_key("node.js") && kept.contains_key("node.js"), "{scored:?} {kept:?}");
        let mut apart = BTreeMap::new();
        analyzer.counts("js on a node", &mut apart);
        assert!(!apart.contains_key("node.js"));
    }
}

#[test]
fn stop_words_are_left_out_and_keep_their_places() {
    let english = with("english", "", &["_language_", "Foo"]);
    let tokens = english.analyze("The end of the foo story");
    let shown: Vec<_> = tokens.iter().map(|token| (token.term.as_str(), token.position)).collect();
    assert_eq!(shown, [("end", 1), ("stori", 5)]);
    assert!(english.asked("the of").is_empty());
    let japanese = with("", "", &["の"]);
    assert!(finds(&japanese, "東京の大学", "東京 大学"));
    let refused = |stop_word: &str, language: &str| {
        let stop_words = vec![stop_word.to_owned()];
        Analyzer::new(&PayloadIndex { stop_words, language: language.into(), ..PayloadIndex::default() })
            .unwrap_err()
    };
    assert!(refused("_language_", "").to_string().contains("require a language"));
    assert!(refused("_language_", "polish").to_string().contains("polish"));
    assert!(refused("of the", "").to_string().contains("must be one word"));
}

#[test]
fn every_language_that_lists_its_usual_words_has_them() {
    for listed in &LANGUAGES {
        let index = PayloadIndex { language: listed.name.into(), ..PayloadIndex::default() };
        assert!(Analyzer::new(&index).is_ok());
        if let Ok(stop_words) = listed.stop_words() {
            let analyzer = with(listed.name, "", &["_language_"]);
            assert!(analyzer.stop_words.len() > 10 && stop_words.len() > 10, "{}", listed.name);
        }
    }
    assert!(LANGUAGES.iter().filter(|listed| listed.stop_words().is_ok()).count() >= 19);
}

#[test]
fn phrases_have_their_words_in_a_row() {
    let has = |analyzer: &Analyzer, phrase: &str, text: &str| {
        Phrase::new(analyzer, phrase).unwrap().is_in(analyzer, text)
    };
    let english = with("english", "", &["_language_"]);
    assert!(has(&english, "mail servers", "a mail server runs"));
    assert!(!has(&english, "mail servers", "servers of mail"));
    assert!(!has(&english, "mail server", "mail and a server"));
    assert!(has(&english, "end of the story", "The End of a Story"));
    assert!(!has(&english, "end of the story", "end story"));
    assert!(has(&language("french"), "pain de l'amour", "du pain de l’amour"));
    let plain = language("");
    assert!(has(&plain, "データ", "データベース"));
    assert!(!has(&plain, "ベースデータ", "データベース"));
    assert!(!has(&plain, "学大", "大学"));
    assert!(has(&plain, "Node.js server", "a Node.js server"));
    assert!(has(&plain, "a a b", "a a a b"));
    assert!(has(&with("", "code", &[]), "load invoice", "loadInvoice.py"));
    assert!(Phrase::new(&plain, "...").is_err());
    assert!(Phrase::new(&plain, &"a ".repeat(300)).is_err());
}

#[test]
fn names_without_letters_have_no_words() {
    let code = with("", "code", &[]);
    for text in ["_", "_._", "__/__", "+ # .", "''"] {
        assert!(code.asked(text).is_empty() && code.analyze(text).is_empty(), "{text}");
    }
}

#[test]
fn tokens_say_where_they_stand() {
    let plain = language("");
    let text = "Die ﾃﾞｰﾀ: Straße l’eau";
    for token in plain.analyze(text) {
        let word = &text[token.start..token.end];
        match token.term.as_str() {
            "die" => assert_eq!(word, "Die"),
            "デー" => assert_eq!(word, "ﾃﾞｰ"),
            "strasse" => assert_eq!(word, "Straße"),
            "eau" => assert_eq!(word, "eau"),
            "leau" => assert_eq!(word, "l’eau"),
            _ => {}
        }
    }
    let tokens = plain.analyze(text);
    assert!(tokens.iter().any(|token| token.term == "デー" && token.position == 1));
    assert_eq!(tokens.iter().find(|token| token.term == "eau").unwrap().position, 5);
}

#[test]
fn a_long_word_equals_itself_alone() {
    for analyzer in [language(""), language("english"), with("", "code", &[])] {
        let long = "acgt".repeat(100);
        assert!(finds(&analyzer, &long, &format!("dna {long} end")));
        assert!(!finds(&analyzer, &long, &"acgt".repeat(101)));
        assert!(analyzer.analyze(&long).iter().all(|token| token.term.len() <= MAX_WORD_BYTES));
    }
}

/// What a run of text can be made of.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9_.'’:,/#+-]{0,20}",
        "[ก-๛]{0,12}",
        "[ក-៝]{0,12}",
        "[က-႟]{0,12}",
        "[ຂ-ໝ]{0,12}",
        "[ぁ-ヿ]{0,12}",
        "[一-丿]{0,12}",
        "[가-각]{0,6}",
        "[ऀ-ॿ]{0,12}",
        "[஀-௿]{0,12}",
        "[؀-ۿ]{0,12}",
        "[֐-׿]{0,12}",
        "[А-я]{0,12}",
        "[Ͱ-Ͽ]{0,12}",
        "[À-ɏ]{0,12}",
        Just("\u{301}\u{308}".to_owned()),
        Just("👩‍👩‍👧‍👦🇩🇪".to_owned()),
        Just("\u{202e}\u{200b}\u{200d}\u{feff}".to_owned()),
        Just(" ".to_owned()),
        Just("ﾊﾞﾊﾟ㍿Ⅷ①½ﷺ".to_owned()),
        Just("'\u{2019}\u{5f4}".to_owned()),
    ];
    prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat())
}

fn analyzers() -> Vec<Analyzer> {
    let mut all = vec![language(""), with("", "code", &[]), with("english", "", &["_language_"])];
    all.extend(LANGUAGES.iter().map(|known| language(known.name)));
    all
}

proptest! {
    /// No text is too odd; its tokens are pieces of it, in order, and it has every word that it is asked for.
    #[test]
    fn any_text_is_analyzed(text in text(), chosen in prop::collection::vec(prop::sample::select(analyzers()), 4)) {
        for analyzer in chosen {
            let mut position = 0;
            for token in analyzer.analyze(&text) {
                prop_assert!(token.start <= token.end && text.get(token.start..token.end).is_some());
                prop_assert!(!token.term.is_empty() && token.term.len() <= MAX_WORD_BYTES);
                prop_assert!(token.position >= position || !token.role.is_counted());
                position = position.max(token.position);
            }
            let asked = analyzer.asked(&text);
            prop_assert!(analyzer.has(&text, &asked));
            let mut kept = BTreeMap::new();
            let length = analyzer.counts(&text, &mut kept);
            prop_assert_eq!(length == 0, kept.is_empty());
            prop_assert!(asked.iter().all(|group| group.iter().any(|term| kept.contains_key(term))));
            if let Ok(phrase) = Phrase::new(&analyzer, &text) {
                prop_assert!(phrase.is_in(&analyzer, &text));
                prop_assert!(analyzer.has(&text, phrase.asked()));
            }
        }
    }

    /// A text has what is said in either half of it.
    #[test]
    fn a_text_has_the_words_of_its_parts(one in text(), other in text()) {
        for analyzer in [language(""), with("", "code", &[]), language("french"), language("turkish")] {
            let both = format!("{one}\n{other}");
            prop_assert!(analyzer.has(&both, &analyzer.asked(&one)));
            prop_assert!(analyzer.has(&both, &analyzer.asked(&other)));
        }
    }

    /// Words of scripts without spaces, wherever their writer ends them.
    #[test]
    fn a_run_is_found_by_each_of_its_words(words in prop::collection::vec(prop::sample::select(RUN_WORDS), 1..12)) {
        let plain = language("");
        let text = words.concat();
        for word in words {
            prop_assert!(finds(&plain, word, &text), "{} does not find {}", word, text);
        }
    }
}

const RUN_WORDS: &[&str] = &[
    "研究",
    "生命",
    "研究生",
    "命",
    "起源",
    "国际化",
    "域名",
    "南京市",
    "长江",
    "大桥",
    "市长",
    "北京",
    "大学",
    "数据",
    "库",
    "データ",
    "ベース",
    "ソフトウェア",
    "東京",
    "都",
    "京都",
    "の",
    "は",
    "学生",
    "です",
    "食べました",
    "かぎ",
    "ー",
    "ประเทศ",
    "ไทย",
    "โรงเรียน",
    "เรียน",
    "น้ำ",
    "ฉัน",
    "ไป",
    "กะทิ",
    "ๆ",
    "ទៅ",
    "ភាសា",
    "ខ្មែរ",
    "ប្រទេស",
    "ស្រី",
    "មាន",
    "မြန်မာ",
    "နိုင်ငံ",
    "စာ",
    "ကျောင်း",
    "သား",
    "အင်္ဂလိပ်",
    "ພາສາ",
    "ລາວ",
    "ສະບາຍ",
    "ດີ",
    "학교",
    "에서",
    "데이터",
    "물",
];

#[test]
fn work_is_linear_in_the_length_of_the_text() {
    // A quadratic step would make each of these take minutes.
    let texts = [
        "a".repeat(1 << 20),
        "é".repeat(1 << 19),
        "の".repeat(1 << 18),
        "ก".repeat(1 << 18),
        "a.".repeat(1 << 19),
        "l'".repeat(1 << 19),
        "\u{301}".repeat(1 << 19),
        "a\u{301}".repeat(1 << 18),
        "1,".repeat(1 << 19),
        "aB".repeat(1 << 19),
        "a_".repeat(1 << 19),
        "a/".repeat(1 << 19),
        "한".repeat(1 << 18),
        "\u{200d}👩".repeat(1 << 17),
        "\u{17d2}ក".repeat(1 << 17),
        "က\u{103a}".repeat(1 << 17),
    ];
    for analyzer in [language(""), with("", "code", &[]), language("english")] {
        for text in &texts {
            let mut counts = BTreeMap::new();
            analyzer.counts(text, &mut counts);
            assert!(counts.keys().all(|term| term.len() <= MAX_WORD_BYTES));
        }
    }
}

/// Pairs of Snowball's own vocabularies: the table of docs/text.md has the same numbers.
#[test]
fn inflected_words_of_each_language_meet() {
    let mut lost = BTreeMap::<&str, Vec<(&str, &str)>>::new();
    let mut pairs = BTreeMap::<&str, u32>::new();
    for line in include_str!("snowball-pairs.tsv").lines().filter(|line| !line.starts_with('#')) {
        let [name, one, other] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let analyzer = language(name);
        *pairs.entry(name).or_default() += 1;
        if !finds(&analyzer, one, other) || !finds(&analyzer, other, one) {
            lost.entry(name).or_default().push((one, other));
        }
    }
    assert!(pairs.len() >= 30 && pairs.values().all(|count| *count == 12), "{pairs:?}");
    assert!(lost.is_empty(), "{lost:#?}");
}

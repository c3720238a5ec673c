//! The default discourse markers of the twelve languages.
//!
//! Words and phrases by which someone who thinks aloud turns to the next move: a doubt, another way, a consequence, the order of
//! steps, a check, a summary. They are chosen by hand, not mined from traces; a study that needs other markers passes its own.
//! Words that are mostly used inside a clause are listed with the comma that sets them off ("so," and not "so").

/// The default markers of a language by its ISO 639-1 code, in no order of merit; empty for a language without a list.
///
/// Lists exist for bn, de, en, es, fr, ja, ko, ru, sw, te, th and zh.
pub fn markers(code: &str) -> &'static [&'static str] {
    match code {
        "bn" => &["দাঁড়াও", "এক মিনিট", "হুম", "আসলে", "প্রকৃতপক্ষে", "অন্যভাবে", "বিকল্পভাবে", "অথবা", "তবে", "কিন্তু", "যাইহোক", "তাই", "অতএব", "সুতরাং", "কাজেই", "ফলে", "প্রথমে", "প্রথমত", "দ্বিতীয়ত", "এরপর", "তারপর", "সবশেষে", "অবশেষে", "এখন", "এবার", "তাহলে", "চলুন", "দেখা যাক", "অর্থাৎ", "উদাহরণস্বরূপ", "অন্যদিকে", "যাচাই করি", "সংক্ষেপে"],
        "de" => &["Moment", "Warte", "Halt,", "Hmm", "Eigentlich", "Tatsächlich", "Alternativ", "Allerdings", "Aber", "Jedoch", "Daher", "Deshalb", "Somit", "Folglich", "Also", "Zuerst", "Zunächst", "Erstens", "Zweitens", "Als Nächstes", "Dann", "Danach", "Anschließend", "Schließlich", "Zum Schluss", "Nun", "Jetzt", "Mal sehen", "Lass mich", "Das heißt", "Mit anderen Worten", "Zum Beispiel", "Andererseits", "Zur Kontrolle", "Überprüfen wir", "Zusammenfassend", "Insgesamt"],
        "en" => &["wait", "hold on", "hmm", "actually", "alternatively", "however", "but", "therefore", "thus", "hence", "so,", "now,", "okay", "alright", "first,", "firstly", "to start", "second,", "secondly", "next,", "then,", "after that", "finally", "lastly", "let me", "let us", "let's", "that is,", "in other words", "for example", "on the other hand", "to check", "to verify", "double-check", "in summary", "in conclusion", "altogether"],
        "es" => &["Espera", "Un momento", "Hmm", "En realidad", "De hecho", "Alternativamente", "O bien", "Sin embargo", "No obstante", "Pero", "Por lo tanto", "Por tanto", "Por eso", "Por consiguiente", "Así que", "Entonces", "Primero", "En primer lugar", "En segundo lugar", "Luego", "Después", "A continuación", "Finalmente", "Por último", "Ahora", "Veamos", "Vamos a", "Es decir", "En otras palabras", "Por ejemplo", "Por otro lado", "Comprobemos", "Verifiquemos", "En resumen", "En total"],
        "fr" => &["Attends", "Attendez", "Un instant", "Hmm", "En fait", "En réalité", "Sinon", "Autrement dit", "Autrement", "Cependant", "Toutefois", "Pourtant", "Mais", "Donc", "Par conséquent", "Ainsi", "C'est pourquoi", "C’est pourquoi", "D'abord", "D’abord", "Tout d'abord", "Tout d’abord", "Premièrement", "Deuxièmement", "Ensuite", "Puis", "Après cela", "Enfin", "Finalement", "Maintenant", "Voyons", "C'est-à-dire", "C’est-à-dire", "Par exemple", "D'un autre côté", "D’un autre côté", "Vérifions", "En résumé", "En conclusion", "Au total"],
        "ja" => &["待って", "ちょっと待って", "うーん", "ええと", "実際には", "実は", "あるいは", "または", "もしくは", "しかし", "ただし", "でも", "だから", "したがって", "よって", "ゆえに", "それで", "そこで", "そのため", "まず", "最初に", "第一に", "第二に", "次に", "続いて", "その後", "それから", "最後に", "では", "さて", "ここで", "つまり", "すなわち", "言い換えると", "例えば", "たとえば", "一方", "確認", "念のため", "以上より", "まとめると"],
        "ko" => &["잠깐", "잠시만", "음", "흠", "사실", "실제로", "아니면", "또는", "하지만", "그러나", "그런데", "그러므로", "따라서", "그래서", "그러면", "그럼", "먼저", "우선", "첫째", "둘째", "그다음", "그 다음", "이어서", "그 후", "그리고 나서", "마지막으로", "끝으로", "결국", "이제", "자,", "즉", "다시 말해", "예를 들어", "반면에", "한편", "확인해 보면", "검산", "정리하면", "요약하면"],
        "ru" => &["Подожди", "Подождите", "Погоди", "Стоп", "Хм", "На самом деле", "Вообще-то", "Либо", "Однако", "Но", "Зато", "Поэтому", "Следовательно", "Значит", "Таким образом", "Итак", "Сначала", "Сперва", "Во-первых", "Во-вторых", "Далее", "Затем", "Потом", "После этого", "Наконец", "Теперь", "Посмотрим", "Давайте", "Иначе говоря", "То есть", "Например", "С другой стороны", "Проверим", "В итоге", "Подытожим"],
        "sw" => &["Subiri", "Ngoja", "Hebu", "Hmm", "Kwa kweli", "Vinginevyo", "Hata hivyo", "Lakini", "Kwa hiyo", "Kwa hivyo", "Basi", "Ndiyo maana", "Kwanza", "Pili", "Halafu", "Kisha", "Baada ya hapo", "Baadaye", "Mwishowe", "Hatimaye", "Sasa", "Tuone", "Tuangalie", "Yaani", "Kwa maneno mengine", "Kwa mfano", "Kwa upande mwingine", "Tuhakikishe", "Tukague", "Kwa muhtasari", "Kwa jumla"],
        "te" => &["ఆగండి", "ఒక్క నిమిషం", "హ్మ్", "నిజానికి", "వాస్తవానికి", "లేదా", "ప్రత్యామ్నాయంగా", "అయితే", "కానీ", "కాబట్టి", "అందువల్ల", "అందుకే", "కనుక", "ముందుగా", "మొదట", "మొదటగా", "రెండవది", "తర్వాత", "తరువాత", "ఆ తర్వాత", "ఆ తరువాత", "చివరగా", "చివరికి", "ఇప్పుడు", "చూద్దాం", "అంటే", "మరో మాటలో", "ఉదాహరణకు", "మరోవైపు", "సరిచూద్దాం", "సంగ్రహంగా", "మొత్తంగా"],
        "th" => &["เดี๋ยวก่อน", "เดี๋ยว", "รอสักครู่", "อืม", "อันที่จริง", "จริงๆ แล้ว", "ที่จริงแล้ว", "หรืออีกทางหนึ่ง", "หรือ", "อย่างไรก็ตาม", "แต่", "ดังนั้น", "เพราะฉะนั้น", "เพราะเหตุนี้", "ก่อนอื่น", "เริ่มจาก", "ขั้นแรก", "อันดับแรก", "ประการแรก", "ต่อไป", "ถัดไป", "จากนั้น", "หลังจากนั้น", "สุดท้าย", "ในที่สุด", "ตอนนี้", "ทีนี้", "ลองดู", "กล่าวคือ", "นั่นคือ", "ตัวอย่างเช่น", "ในทางกลับกัน", "ตรวจสอบ", "ลองตรวจ", "สรุป", "รวมทั้งหมด"],
        "zh" => &["等等", "等一下", "且慢", "慢着", "嗯", "其实", "实际上", "或者", "要么", "不过", "但是", "但", "然而", "可是", "因此", "所以", "于是", "因而", "由此可得", "首先", "第一步", "第二步", "其次", "接着", "接下来", "然后", "之后", "随后", "最后", "最终", "现在", "那么", "我们来", "让我", "也就是说", "换句话说", "例如", "比如", "另一方面", "验证", "检验一下", "综上", "总之", "总共"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::markers;

    #[test]
    fn each_of_the_twelve_languages_has_markers_without_repeats() {
        for code in ["bn", "de", "en", "es", "fr", "ja", "ko", "ru", "sw", "te", "th", "zh"] {
            let mut list = markers(code).to_vec();
            assert!(list.len() >= 30, "{code}");
            let all = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), all, "{code}");
        }
    }

    #[test]
    fn other_languages_have_none() {
        assert!(markers("ar").is_empty());
        assert!(markers("EN").is_empty());
    }
}

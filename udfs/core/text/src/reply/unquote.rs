//! A reply out of its quotes.

const QUOTES: [(char, char); 11] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('“', '”'),
    ('‘', '’'),
    ('„', '“'),
    ('„', '”'),
    ('«', '»'),
    ('»', '«'),
    ('「', '」'),
    ('『', '』'),
];

/// What stands between the quotes, where `reply` is one quotation and nothing else; `None` where it is not.
pub(super) fn unquote(reply: &str) -> Option<&str> {
    QUOTES.into_iter().find_map(|(open, close)| {
        let inside = reply.strip_prefix(open)?.strip_suffix(close)?;
        // "A" and "B" are two quotations.
        (!inside.contains(open) && !inside.contains(close)).then_some(inside)
    })
}

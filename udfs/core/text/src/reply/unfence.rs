//! A reply out of its code fence.

/// What stands in the fence, where `reply` is one code fence and nothing else; else `reply`, trimmed.
pub(super) fn unfence(reply: &str) -> &str {
    let reply = reply.trim();
    let inside = reply
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"))
        .filter(|inside| !inside.contains("```"))
        // The first line is the fence's info word.
        .and_then(|inside| inside.split_once('\n'));
    inside.map_or(reply, |(_, body)| body.trim())
}

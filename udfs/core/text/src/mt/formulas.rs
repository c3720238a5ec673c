//! The formulas of a text, told from prices.

/// A text without its formulas, and the formulas.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The text, a line break where each formula stood.
    pub prose: String,
    /// What stood between the marks, in a form in which equal formulas are equal texts, sorted.
    pub formulas: Vec<String>,
}

/// The marks of LaTeX: opening, closing. The longer of two that begin alike stands first.
const MARKS: [(&str, &str); 4] = [("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")];

/// Takes `text` apart.
///
/// A dollar sign opens a formula as in Pandoc (no blank behind the first, none before the last, no digit behind the
/// last), and only where no word stands between the two: "$5 or 6$" is a price. A formula that is nothing but a number
/// stays in the prose, since a translator may write it either way.
pub(super) fn formulas(text: &str) -> Parts {
    let mut parts = Parts { prose: String::with_capacity(text.len()), formulas: Vec::new() };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((formula, after)) = formula_at(rest) {
            if formula.chars().any(|c| !(c.is_numeric() || c.is_whitespace() || ",.-−{}\\%".contains(c))) {
                parts.formulas.push(canonical(formula));
                parts.prose.push('\n');
            } else {
                parts.prose.push_str(formula);
            }
            rest = after;
        } else {
            // An escaped dollar opens nothing.
            let width = if rest.starts_with(r"\$") { 2 } else { c.len_utf8() };
            parts.prose.push_str(&rest[..width]);
            rest = &rest[width..];
        }
    }
    parts.formulas.sort_unstable();
    parts
}

/// The formula that `text` begins with, and what follows it.
fn formula_at(text: &str) -> Option<(&str, &str)> {
    let (open, close) = MARKS.into_iter().find(|(open, _)| text.starts_with(open))?;
    let inside = &text[open.len()..];
    let is_dollar = open == "$";
    if is_dollar && inside.starts_with(char::is_whitespace) {
        return None;
    }
    let mut from = 0;
    loop {
        let end = from + inside[from..].find(close)?;
        let (formula, after) = (&inside[..end], &inside[end + close.len()..]);
        from = end + close.len();
        let escaped = formula.ends_with('\\') && close.starts_with('$');
        if escaped
            || is_dollar && (formula.ends_with(char::is_whitespace) || after.starts_with(|c: char| c.is_ascii_digit()))
        {
            continue;
        }
        let is_formula = !(formula.trim().is_empty() || formula.contains("\n\n") || is_dollar && has_word(formula));
        return is_formula.then_some((formula, after));
    }
}

/// Whether a word stands in it outside of commands and of `\text{…}`. `AB` and `abc` are products where there is an operator.
fn has_word(formula: &str) -> bool {
    let longest_product = if formula.contains(['=', '+', '-', '*', '/', '^', '_', '<', '>', '\\']) { 3 } else { 1 };
    let mut letters = 0;
    let mut is_command = false;
    for c in without_text(formula).chars() {
        is_command = c == '\\' || is_command && c.is_ascii_alphabetic();
        letters = if c.is_alphabetic() && !is_command { letters + 1 } else { 0 };
        if letters > longest_product || c == '$' {
            // A dollar inside means that the two outside belong to two prices.
            return true;
        }
    }
    false
}

/// Without blanks, in ASCII digits and signs, and without the words in `\text{…}`, which a translation translates.
fn canonical(formula: &str) -> String {
    without_text(formula).chars().filter(|c| !c.is_whitespace()).map(crate::math::fold).collect()
}

fn without_text(formula: &str) -> String {
    const COMMANDS: [&str; 4] = [r"\text{", r"\mathrm{", r"\textbf{", r"\mbox{"];
    let mut bare = String::with_capacity(formula.len());
    let mut rest = formula;
    while let Some(c) = rest.chars().next() {
        let command = COMMANDS.into_iter().find(|command| rest.starts_with(command));
        if let (Some(command), Some(end)) = (command, rest.find('}')) {
            bare.push_str(command);
            rest = &rest[end..];
        } else {
            bare.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::formulas;

    fn found(text: &str) -> Vec<String> {
        formulas(text).formulas
    }

    #[test]
    fn each_pair_of_marks_holds_a_formula() {
        assert_eq!(
            found(r"so $x^2 = 9$, then $$\frac{1}{2}$$, \(y+1\) and \[z\]"),
            [r"\frac{1}{2}", "x^2=9", "y+1", "z"]
        );
    }

    #[test]
    fn prices_are_no_formulas() {
        for text in
            ["$5 and $6", "she pays $18 for 2 (in US$)", r"\$5 + \$6", "costs $5/$6", "a $", "$ x $", "$20, or 5$ less"]
        {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
            assert_eq!(formulas(text).prose, text);
        }
    }

    #[test]
    fn words_and_blanks_inside_a_formula_do_not_matter() {
        assert_eq!(found(r"$5 \text{ apples} + x$"), found(r"$5\text{ Äpfel}+x$"));
    }

    #[test]
    fn a_number_between_dollars_is_a_number() {
        assert_eq!(formulas("$18$ eggs").prose, "18 eggs");
    }
}

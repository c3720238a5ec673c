//! Random queries in two forms: with calls of the model, and with what the model would have said.
//!
//! The recording answers `pN` with `tN` and `tN` with `uN` (N below 50). Relations have the columns id, p (a prompt or NULL), g, f (the
//! answer to p) and ff (the answer to f); f and ff follow from p, so rows with equal id, p, g may stand for each other.

/// The same text in both forms.
#[derive(Clone)]
pub struct Pair {
    pub asking: String,
    pub known: String,
}

pub struct Query {
    pub asking: String,
    pub known: String,
    /// Whether the order of the rows is part of the result.
    pub is_ordered: bool,
}

pub struct Generator {
    /// splitmix64: small, and the same everywhere.
    state: u64,
    /// Whether lambdas may be written: DataFusion knows no outer columns in them.
    lambdas: bool,
}

fn same(text: impl Into<String>) -> Pair {
    let text = text.into();
    Pair { asking: text.clone(), known: text }
}

/// `template` with its `{}` filled in, in both forms.
fn fill(template: &str, parts: &[&Pair]) -> Pair {
    let fill = |form: &dyn Fn(&Pair) -> String| {
        let mut pieces = template.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (piece, part) in pieces.zip(parts) {
            text += &form(part);
            text += piece;
        }
        text
    };
    assert_eq!(template.matches("{}").count(), parts.len(), "{template}");
    Pair { asking: fill(&|p| p.asking.clone()), known: fill(&|p| p.known.clone()) }
}

fn columns(alias: &str) -> String {
    ["id", "p", "g", "f", "ff"].map(|c| format!("{alias}.{c}")).join(", ")
}

/// What the model answers to the text that `prompt` is.
fn answer(prompt: &str) -> Pair {
    Pair {
        asking: format!("llm_complete('r', {prompt})"),
        known: format!("(translate(left({prompt}, 1), 'pt', 'tu') || substr({prompt}, 2))"),
    }
}

impl Generator {
    /// The `index`-th query of a seed.
    pub fn new(seed: u64, index: u64) -> Self {
        let state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03);
        Self { state, lambdas: true }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A call, or the column that has its answer.
    fn call(&mut self, a: &str) -> Pair {
        let pair = |asking: String, known: String| Pair { asking, known };
        match self.below(20) {
            0..=10 => pair(format!("llm_complete('r', {a}.p)"), format!("{a}.f")),
            11..=13 => pair(format!("llm_complete('r', llm_complete('r', {a}.p))"), format!("{a}.ff")),
            14..=15 => pair(format!("llm_generate('r', {a}.p)[1].text"), format!("{a}.f")),
            16..=17 => pair(format!("llm_complete('r', {a}.f)"), format!("{a}.ff")),
            18 => answer(&format!("('p' || ({a}.id + {a}.g))")),
            _ => {
                let n = self.below(20);
                pair(format!("llm_complete('r', 'p{n}')"), format!("'t{n}'"))
            }
        }
    }

    fn text(&mut self, a: &str) -> Pair {
        self.text_of(a, 0)
    }

    fn text_of(&mut self, a: &str, depth: usize) -> Pair {
        let kind = self.below(100);
        if depth > 1 || kind < 45 {
            return self.call(a);
        }
        let x = self.text_of(a, depth + 1);
        match kind {
            45..=50 => fill("upper({})", &[&x]),
            51..=56 => fill("({} || '!')", &[&x]),
            57..=66 => fill("CASE WHEN {} THEN {} ELSE 'no' END", &[&self.condition_of(a, depth + 1), &x]),
            67..=73 => {
                let (c, d, y) =
                    (self.condition_of(a, depth + 1), self.condition_of(a, depth + 1), self.text_of(a, depth + 1));
                fill("CASE WHEN {} THEN {} WHEN {} THEN {} END", &[&c, &x, &d, &y])
            }
            74..=76 => {
                let (y, n) = (self.text_of(a, depth + 1), self.below(20));
                fill(&format!("CASE {{}} WHEN 't{n}' THEN 'hit' WHEN 'u{n}' THEN {{}} ELSE {a}.p END"), &[&x, &y])
            }
            77..=84 => fill("coalesce({}, {}, 'z')", &[&x, &self.text_of(a, depth + 1)]),
            85..=88 => fill("nullif({}, {})", &[&x, &self.text_of(a, depth + 1)]),
            89..=92 if self.lambdas => {
                let list = format!("list_filter([{a}.p, {a}.p, {a}.f], x -> x IS NOT NULL)");
                let texts = Pair {
                    asking: format!("array_to_string(list_transform({list}, x -> llm_complete('r', x)), ',')"),
                    known: format!("concat_ws(',', {a}.f, {a}.f, {a}.ff)"),
                };
                fill("concat({}, {})", &[&texts, &x])
            }
            93..=95 if self.lambdas => {
                let n = self.below(20);
                let call = "llm_complete('r', x)";
                let kept = Pair {
                    asking: format!("list_filter([{a}.p, 'p7', {a}.f], x -> {call} > 't{n}' OR {call} = {a}.f)"),
                    known: format!(
                        "[{a}.p, CASE WHEN 't7' > 't{n}' OR 't7' = {a}.f THEN 'p7' END, CASE WHEN {a}.ff > 't{n}' THEN {a}.f END]"
                    ),
                };
                fill("concat({}, array_to_string({}, '-'))", &[&x, &kept])
            }
            _ => fill("concat({}, {})", &[&x, &self.text_of(a, depth + 1)]),
        }
    }

    fn cheap(&mut self, a: &str) -> String {
        match self.below(4) {
            0 => format!("{a}.id < {}", self.below(30)),
            1 => format!("{a}.g = {}", self.below(4)),
            2 => format!("{a}.id % {} = 1", 2 + self.below(2)),
            _ => format!("{a}.p IS NOT NULL"),
        }
    }

    fn condition(&mut self, a: &str) -> Pair {
        self.condition_of(a, 0)
    }

    fn condition_of(&mut self, a: &str, depth: usize) -> Pair {
        let kind = self.below(100);
        if kind < 18 {
            return same(self.cheap(a));
        }
        let (x, n) = (self.text_of(a, depth + 1), self.below(20));
        match kind {
            18..=39 => {
                let (op, letter) = (self.pick(&["=", "<>", "<", ">", "<=", ">="]), self.pick(&["t", "u"]));
                fill(&format!("{{}} {op} '{letter}{n}'"), &[&x])
            }
            40..=46 => fill(&format!("{{}} LIKE '%{}'", n % 10), &[&x]),
            47..=53 => fill(&format!("{{}} IN ('t1', 't2', 't{n}', 'u5')"), &[&x]),
            54..=58 => fill(&format!("{{}} IS {}NULL", self.pick(&["", "NOT "])), &[&x]),
            59..=63 => fill("{} BETWEEN 't1' AND 't6'", &[&x]),
            _ if depth > 1 => same(self.cheap(a)),
            64..=78 => fill("({} AND {})", &[&self.condition_of(a, depth + 1), &self.condition_of(a, depth + 1)]),
            79..=92 => fill("({} OR {})", &[&self.condition_of(a, depth + 1), &self.condition_of(a, depth + 1)]),
            _ => fill("(NOT {})", &[&self.condition_of(a, depth + 1)]),
        }
    }

    /// A condition over both sides of a join.
    fn over_both(&mut self, a: &str, b: &str) -> Pair {
        self.lambdas = false;
        let condition = self.over_both_of(a, b);
        self.lambdas = true;
        condition
    }

    fn over_both_of(&mut self, a: &str, b: &str) -> Pair {
        match self.below(6) {
            0 => fill("{} = {}", &[&self.call(a), &self.call(b)]),
            1 => fill("{} < {}", &[&self.text(a), &self.text(b)]),
            2 => {
                let n = self.below(20);
                fill(&format!("{{}} <> 't{n}'"), &[&answer(&format!("('p' || (({a}.id + {b}.id) % 50))"))])
            }
            3 => fill(&format!("({b}.id > {} OR {{}})", self.below(12)), &[&self.condition(a)]),
            4 => fill("({} OR {})", &[&self.condition(a), &self.condition(b)]),
            _ => fill("({} AND {})", &[&self.condition(a), &self.condition(b)]),
        }
    }

    /// Something to stand in FROM before an alias.
    fn relation(&mut self, depth: usize) -> Pair {
        let kind = self.below(if depth > 1 { 60 } else { 100 });
        if kind < 60 {
            return same(self.pick(&["t", "t", "u"]));
        }
        let (from, all) = (self.relation(depth + 1), columns("a"));
        match kind {
            60..=69 => fill(&format!("(SELECT {all} FROM {{}} a WHERE {{}})"), &[&from, &self.condition("a")]),
            70..=74 => fill(
                &format!("(SELECT a.id, 'p' || substr({{}}, 2) AS p, a.g, a.f, a.ff FROM {{}} a)"),
                &[&Pair { asking: "llm_complete('r', a.p)".into(), known: "a.f".into() }, &from],
            ),
            75..=79 => {
                let other = self.relation(depth + 1);
                let (c, d) = (self.condition("a"), self.condition("a"));
                let b = columns("a");
                fill(
                    &format!("(SELECT {all} FROM {{}} a WHERE {{}} UNION ALL SELECT {b} FROM {{}} a WHERE {{}})"),
                    &[&from, &c, &other, &d],
                )
            }
            80..=86 => {
                let (c, k) = (self.condition("a"), 1 + self.below(9));
                let by = match self.below(2) {
                    0 => same("a.g"),
                    _ => self.text("a"),
                };
                fill(
                    &format!("(SELECT {all} FROM {{}} a WHERE {{}} ORDER BY {{}}, a.id, a.p, a.g LIMIT {k})"),
                    &[&from, &c, &by],
                )
            }
            87..=92 => {
                let (other, on) = (self.relation(depth + 1), self.over_both("a", "b"));
                let kind = self.pick(&["JOIN", "LEFT JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"]);
                let key = self.pick(&["a.id = b.id", "a.g = b.g", "a.p = b.p"]);
                fill(&format!("(SELECT {all} FROM {{}} a {kind} {{}} b ON {key} AND {{}})"), &[&from, &other, &on])
            }
            93..=95 => fill(&format!("(SELECT DISTINCT {all} FROM {{}} a WHERE {{}})"), &[&from, &self.condition("a")]),
            96..=97 => {
                let (by, order) = (self.text("a"), self.text("a"));
                let rank = format!("row_number() OVER (PARTITION BY {{}} ORDER BY {{}}, a.id, a.p, a.g)");
                fill(&format!("(SELECT {all} FROM {{}} a QUALIFY {rank} <= 2)"), &[&from, &by, &order])
            }
            _ => fill(
                "(SELECT min(a.id) AS id, 'p' || substr(max({}), 2) AS p, a.g, max(a.f) AS f, \
                 'u' || substr(max(a.f), 2) AS ff FROM {} a GROUP BY a.g)",
                &[&Pair { asking: "llm_complete('r', a.p)".into(), known: "a.f".into() }, &from],
            ),
        }
    }

    pub fn query(&mut self) -> Query {
        let (mut is_ordered, shape) = (false, self.below(30));
        let (t, u) = (self.relation(0), self.relation(1));
        let direction = self.pick(&["", " DESC", " DESC NULLS LAST", " NULLS FIRST"]);
        let (limit, offset) = (1 + self.below(7), self.pick(&["", "", " OFFSET 2"]));
        let join = self.pick(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
        let (x, y, c) = (self.text("a"), self.text("a"), self.condition("a"));
        let total = "a.id, a.p, a.g";
        let pair = match shape {
            0 => fill("SELECT a.id, {} AS x, {} AS y FROM {} a WHERE {}", &[&x, &y, &t, &c]),
            1 | 2 => {
                is_ordered = true;
                let d = self.condition("a");
                fill(
                    &format!(
                        "SELECT a.id, {{}} AS x FROM {{}} a WHERE {{}} AND {{}} ORDER BY a.g, {total} LIMIT {limit}{offset}"
                    ),
                    &[&x, &t, &c, &d],
                )
            }
            3 => {
                is_ordered = true;
                fill(
                    &format!(
                        "SELECT a.id, {{}} AS y FROM {{}} a ORDER BY {{}}{direction}, {total} LIMIT {limit}{offset}"
                    ),
                    &[&y, &t, &x],
                )
            }
            4 => fill(
                "SELECT {} AS k, count(*) AS n, max({}) AS m, min({}) AS o FROM {} a GROUP BY {}",
                &[&x, &y, &self.text("a"), &t, &x],
            ),
            5 => {
                let (d, e, f, z) = (self.condition("a"), self.condition("a"), self.text("a"), self.text("a"));
                fill(
                    "SELECT a.g, max({}) AS m, count(*) FILTER (WHERE {}) AS n, min({}) FILTER (WHERE {}) AS o FROM {} a \
                     WHERE {} GROUP BY a.g HAVING max({}) IS NOT NULL",
                    &[&x, &d, &y, &e, &t, &c, if self.below(2) == 0 { &f } else { &z }],
                )
            }
            6 => fill(
                &format!(
                    "SELECT a.id, row_number() OVER (PARTITION BY {{}} ORDER BY {{}}{direction}, {total}) AS n, \
                     max({{}}) OVER (PARTITION BY a.g ORDER BY {total}) AS m FROM {{}} a WHERE {{}}"
                ),
                &[&x, &y, &self.text("a"), &t, &c],
            ),
            7 => fill(
                &format!(
                    "SELECT a.id FROM {{}} a QUALIFY row_number() OVER (PARTITION BY a.g ORDER BY {{}}{direction}, {total}) <= 2"
                ),
                &[&t, &x],
            ),
            8 => {
                let side = self.pick(&["a", "b"]);
                let (x, c) = (self.text(side), self.condition(side));
                fill(
                    &format!("SELECT a.id, b.id AS bid, {{}} AS x FROM {{}} a {join} {{}} b ON {{}} = {{}} WHERE {{}}"),
                    &[&x, &t, &u, &self.call("a"), &self.call("b"), &c],
                )
            }
            9 | 10 => fill(
                &format!("SELECT a.id, b.id AS bid, b.p FROM {{}} a {join} {{}} b ON a.id = b.id AND {{}}"),
                &[&t, &u, &self.over_both("a", "b")],
            ),
            11 => fill(
                &format!("SELECT a.id, b.id AS bid FROM {{}} a {join} {{}} b ON {{}} AND a.g = b.g AND {{}}"),
                &[&t, &u, &c, &self.over_both("a", "b")],
            ),
            12 => fill(
                "SELECT a.id, b.id AS bid, {} AS x FROM {} a JOIN {} b ON a.g = b.g AND {} < {} WHERE {} AND {}",
                &[&self.text("b"), &t, &u, &x, &self.text("b"), &c, &self.condition("b")],
            ),
            13 => {
                is_ordered = true;
                fill(
                    &format!(
                        "SELECT a.id, a.p, b.id AS bid, b.p AS bp, {{}} AS x FROM {{}} a JOIN {{}} b ON a.g = b.g WHERE {{}} \
                         ORDER BY {total}, b.id, b.p LIMIT {limit}"
                    ),
                    &[&x, &t, &u, &self.over_both("a", "b")],
                )
            }
            14 => fill(
                &format!(
                    "SELECT a.id FROM {{}} a LEFT {} JOIN {{}} b ON {{}} = {{}} AND {{}}",
                    self.pick(&["SEMI", "ANTI"])
                ),
                &[&t, &u, &self.call("a"), &self.call("b"), &self.over_both("a", "b")],
            ),
            15 => fill(
                &format!(
                    "SELECT a.id FROM {{}} a WHERE {{}} {}IN (SELECT {{}} FROM {{}} b WHERE {{}} AND b.p IS NOT NULL) OR {{}}",
                    self.pick(&["", "NOT "])
                ),
                &[&t, &self.call("a"), &self.call("b"), &u, &self.condition("b"), &c],
            ),
            16 | 17 => fill(
                &format!(
                    "SELECT a.id FROM {{}} a WHERE {}EXISTS (SELECT 1 FROM {{}} b WHERE a.g = b.g AND {{}}) AND {{}}",
                    self.pick(&["", "NOT "])
                ),
                &[&t, &u, &self.over_both("a", "b"), &c],
            ),
            18 => fill(
                "SELECT a.id, (SELECT max({}) FROM {} b WHERE b.g = a.g AND {}) AS x FROM {} a WHERE {}",
                &[&self.text("b"), &u, &self.condition("b"), &t, &c],
            ),
            19 => fill(
                "WITH c AS (SELECT a.id, a.g, {} AS x FROM {} a WHERE {}) \
                 SELECT c1.id, c2.x FROM c c1 JOIN c c2 ON c1.x = c2.x AND c1.g = c2.g WHERE c1.id < 20",
                &[&x, &t, &c],
            ),
            20 => fill(
                &format!(
                    "SELECT {{}} AS x FROM {{}} a WHERE {{}} {} SELECT {{}} FROM {{}} b WHERE {{}}",
                    self.pick(&["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
                ),
                &[&x, &t, &c, &self.text("b"), &u, &self.condition("b")],
            ),
            21 => {
                is_ordered = true;
                fill(
                    &format!(
                        "SELECT id, x FROM (SELECT {total}, {{}} AS x FROM {{}} a WHERE {{}} UNION ALL SELECT {total}, {{}} FROM {{}} a) \
                         ORDER BY id, x, p, g LIMIT {limit}"
                    ),
                    &[&x, &t, &c, &y, &u],
                )
            }
            22 => fill("SELECT DISTINCT {} AS x, a.g FROM {} a WHERE {}", &[&x, &t, &c]),
            23 => fill(
                &format!(
                    "SELECT DISTINCT ON (a.g) a.g, a.id, {{}} AS x FROM {{}} a ORDER BY a.g, {{}}{direction}, a.id, a.p"
                ),
                &[&x, &t, &y],
            ),
            24 => {
                is_ordered = true;
                fill(
                    &format!(
                        "SELECT x, y FROM (SELECT id, p, g, x, upper(x) AS y FROM (SELECT {total}, {{}} AS x FROM {{}} a) \
                         WHERE x IS NOT NULL) WHERE id % 2 = 0 ORDER BY g, id, p LIMIT {limit}"
                    ),
                    &[&x, &t],
                )
            }
            25 => fill(
                &format!(
                    "SELECT a.g, array_agg(a.id ORDER BY {{}}{direction}, {total}) AS l, string_agg({{}}, ',' ORDER BY {total}) AS z \
                     FROM {{}} a WHERE {{}} GROUP BY a.g"
                ),
                &[&x, &y, &t, &c],
            ),
            26 | 27 => {
                let sets = self.pick(&["ROLLUP (a.g, {})", "CUBE ({}, a.g)", "GROUPING SETS ((a.g), ({}), ())"]);
                fill(
                    &format!(
                        "SELECT a.g, {{}} AS k, count(*) AS n, max({{}}) AS m FROM {{}} a WHERE {{}} GROUP BY {sets}"
                    ),
                    &[&x, &y, &t, &c, &x],
                )
            }
            28 => {
                is_ordered = true;
                let samples =
                    Pair { asking: "unnest(llm_generate('r', a.p)).text".into(), known: "unnest([a.f])".into() };
                fill(
                    &format!(
                        "SELECT {total}, {{}} AS x FROM {{}} a WHERE a.p IS NOT NULL AND {{}} ORDER BY {total} LIMIT {limit}"
                    ),
                    &[&samples, &t, &c],
                )
            }
            _ => {
                let row = |i: usize| same(i.to_string());
                let (v, w) = (self.text("b"), self.text("b"));
                let values = fill(
                    "(VALUES ({}, {}), ({}, {}), (3, 'p3'))",
                    &[&row(1), &answer("'p1'"), &row(2), &answer("'t2'")],
                );
                fill(
                    "SELECT v.i, v.x, b.id, {} AS y FROM {} AS v(i, x) JOIN {} b ON v.i = b.id AND v.x < {}",
                    &[&v, &values, &u, &w],
                )
            }
        };
        Query { asking: pair.asking, known: pair.known, is_ordered }
    }
}

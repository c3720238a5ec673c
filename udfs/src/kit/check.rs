//! Arguments against parameters, before the plan runs.
//!
//! The checks sit where DataFusion asks for the result type and not in `coerce_types`: an error of the latter comes out
//! wrapped in two sentences about candidate functions.

use super::param::parameter_list;
use super::{Kind, Param, plan_error};
use datafusion_common::arrow::datatypes::{DataType, Fields};
use datafusion_common::{Result, ScalarValue, plan_err};

/// Count and types of the arguments of a call.
///
/// # Errors
/// A plan error that names the function, the argument, what it must be, what it is, and the way out.
pub fn check_types(function: &str, params: &[Param], types: &[DataType]) -> Result<()> {
    let least = params.iter().filter(|param| !param.is_optional()).count();
    if types.len() < least || types.len() > params.len() {
        let count = match (least, params.len()) {
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{most} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        return plan_err!("{function} takes {count} ({}), got {}", parameter_list(params), types.len());
    }
    for (i, (param, given)) in params.iter().zip(types).enumerate() {
        if !accepts(param.kind, given) {
            let what = format!("argument {} `{}` must be {}, got {given}", i + 1, param.name, param.kind);
            return Err(plan_error(function, what, way_out(param, given)));
        }
    }
    Ok(())
}

/// Options that stand in the query as literals. Those that come from columns are checked when they are read.
///
/// # Errors
/// A plan error that lists the choices, with the one that was probably meant.
pub fn check_literals(function: &str, params: &[Param], literals: &[Option<&ScalarValue>]) -> Result<()> {
    for (i, (param, literal)) in params.iter().zip(literals).enumerate() {
        let Some(Some(value)) = literal.and_then(ScalarValue::try_as_str) else { continue };
        if let Some((what, hint)) = param.kind.refusal(value) {
            return Err(plan_error(function, format!("argument {} `{}` {what}", i + 1, param.name), hint));
        }
    }
    Ok(())
}

fn accepts(kind: Kind, given: &DataType) -> bool {
    if given.is_null() {
        return true;
    }
    match kind {
        Kind::Text | Kind::Choice(_) => is_text(given),
        Kind::Texts => is_texts(given),
        Kind::TextOrTexts => is_text(given) || is_texts(given),
        Kind::Bigint => given.is_integer() || given.is_floating(),
        Kind::Double => given.is_numeric(),
        Kind::Boolean => *given == DataType::Boolean,
        Kind::Truth | Kind::Measure => is_measure(given),
        Kind::Key => !given.is_nested() || is_text(given),
        Kind::Doubles => list_item(given).is_some_and(is_measure),
        Kind::Features => match given {
            DataType::Struct(fields) => fields.iter().all(|field| is_measure(field.data_type())),
            list => list_item(list).is_some_and(is_measure),
        },
        Kind::Fit => match given {
            DataType::Struct(fields) => fields.iter().any(|field| field.name() == "terms"),
            _ => false,
        },
    }
}

fn is_measure(given: &DataType) -> bool {
    given.is_numeric() || *given == DataType::Boolean || given.is_null()
}

pub(super) fn is_text(given: &DataType) -> bool {
    match given {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_texts(given: &DataType) -> bool {
    list_item(given).is_some_and(|item| is_text(item) || item.is_null())
}

fn list_item(given: &DataType) -> Option<&DataType> {
    match given {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

fn way_out(param: &Param, given: &DataType) -> String {
    let name = param.name;
    match (param.kind, given) {
        (Kind::Text | Kind::Choice(_) | Kind::TextOrTexts, DataType::Struct(fields)) => match text_field(fields) {
            Some(field) => format!("take a field of it, as in {name}.{field}"),
            None => format!("take a field of it and cast it, as in {name}.field::TEXT"),
        },
        (Kind::Text | Kind::Choice(_), given) if given.is_nested() => {
            format!("take an element of it, as in {name}[1], or join them with array_to_string({name}, ' ')")
        }
        (Kind::Text | Kind::Choice(_) | Kind::TextOrTexts, _) => format!("cast it, as in {name}::TEXT"),
        (Kind::Texts, given) if is_text(given) => "write a list, as in ['first', 'second']".to_owned(),
        (Kind::Texts, _) => {
            format!("write a list of text, as in ['first', 'second'], or cast it, as in {name}::TEXT[]")
        }
        (Kind::Measure, _) => format!("cast it, as in {name}::DOUBLE"),
        (Kind::Truth, _) => format!("compare it, as in {name} = 'yes'"),
        (Kind::Key, _) => format!("cast it, as in {name}::TEXT"),
        (Kind::Doubles, _) => "write a list, as in [1, 2, 3], or aggregate one with array_agg".to_owned(),
        (Kind::Features, DataType::Struct(fields)) => {
            match fields.iter().find(|field| !is_measure(field.data_type())) {
                Some(field) => format!("field {} is {}: leave it out or cast it", field.name(), field.data_type()),
                None => String::new(),
            }
        }
        (Kind::Features, _) => {
            "write a record, as in {steps: num_steps, utility: direct}, or a list, as in [a, b]".to_owned()
        }
        (Kind::Fit, _) => "give it what logit_fit(y, x) returned".to_owned(),
        (Kind::Bigint | Kind::Double | Kind::Boolean, _) => format!("cast it, as in {name}::{}", param.kind.sql_type()),
    }
}

fn text_field(fields: &Fields) -> Option<&str> {
    fields.iter().find(|field| is_text(field.data_type())).map(|field| field.name().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::datatypes::Field;
    use std::sync::Arc;

    const PARAMS: &[Param] = &[
        Param::required("gold", Kind::Text),
        Param::optional("stop", Kind::TextOrTexts),
        Param::optional("n", Kind::Bigint),
        Param::optional("compat", Kind::Choice(&["ki2026"])),
    ];

    fn error(types: &[DataType]) -> String {
        check_types("f", PARAMS, types).err().map(|e| e.strip_backtrace()).unwrap_or_default()
    }

    fn dictionary(values: DataType) -> DataType {
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(values))
    }

    #[test]
    fn every_form_of_text_is_text() {
        use DataType::{LargeUtf8, Null, Utf8, Utf8View};
        for text in [Utf8, LargeUtf8, Utf8View, dictionary(Utf8), dictionary(Utf8View), Null] {
            let list = DataType::new_list(text.clone(), true);
            let large = DataType::new_large_list(text.clone(), true);
            for stop in [text.clone(), list, large] {
                assert_eq!(error(&[text.clone(), stop, Null, text.clone()]), "");
            }
        }
    }

    #[test]
    fn numbers_of_any_width_are_numbers() {
        use DataType::{Float32, Float64, Int8, Int64, UInt64, Utf8};
        for number in [Int8, Int64, UInt64, Float32, Float64] {
            assert_eq!(error(&[Utf8, Utf8, number]), "");
        }
    }

    #[test]
    fn a_wrong_type_names_function_place_expected_got_and_the_way_out() {
        assert_eq!(
            error(&[DataType::Int64]),
            "Error during planning: f: argument 1 `gold` must be text, got Int64\n\nhint: cast it, as in gold::TEXT"
        );
        let split = DataType::Struct(vec![Arc::new(Field::new("thinking", DataType::Utf8, true))].into());
        assert!(error(&[split]).ends_with("hint: take a field of it, as in gold.thinking"));
        assert!(
            error(&[DataType::new_list(DataType::Utf8, true)]).contains("hint: take an element of it, as in gold[1]")
        );
        assert!(
            error(&[DataType::Utf8, DataType::Null, DataType::Utf8])
                .contains("argument 3 `n` must be a whole number, got Utf8\n\nhint: cast it, as in n::BIGINT")
        );
    }

    #[test]
    fn a_wrong_count_lists_the_parameters() {
        let message = "Error during planning: f takes 1 to 4 arguments (gold [, stop, n, compat]), got 0";
        assert_eq!(error(&[]), message);
        assert!(error(&vec![DataType::Utf8; 5]).ends_with("got 5"));
        let one = check_types("g", &PARAMS[..1], &[]).err().map(|e| e.strip_backtrace()).unwrap_or_default();
        assert_eq!(one, "Error during planning: g takes 1 argument (gold), got 0");
    }

    #[test]
    fn an_unknown_option_is_found_in_the_plan() {
        let typo = ScalarValue::from("ki2025");
        let literals = [None, None, None, Some(&typo)];
        let error = check_literals("f", PARAMS, &literals).err().map(|e| e.strip_backtrace()).unwrap_or_default();
        assert!(
            error.ends_with("f: argument 4 `compat` must be 'ki2026', got 'ki2025'\n\nhint: did you mean 'ki2026'?")
        );
        let null = ScalarValue::Utf8(None);
        assert!(check_literals("f", PARAMS, &[None, None, None, Some(&null)]).is_ok());
    }
}

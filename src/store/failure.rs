//! What deltalake, DataFusion and SQLite say went wrong, in the house's words: whose fault it is and what to do.

use std::error::Error as StdError;
use std::path::Path;

use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;
use deltalake::kernel::transaction::TransactionError;

use super::TableName;
use crate::error::{Error, ErrorKind};

/// The first error of type `T` in the chain of causes.
fn cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // DataFusion shares errors between partitions behind an Arc, which hides them from a plain downcast.
        if let Some(DataFusionError::Shared(shared)) = error.downcast_ref::<DataFusionError>() {
            at = Some(shared.as_ref());
            continue;
        }
        // `io::Error::source` skips the error that an `io::Error::other` wraps.
        at = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// An error of ours that travelled through another library and came back.
fn own(error: &(dyn StdError + 'static)) -> Option<Error> {
    cause::<Error>(error).cloned()
}

/// `what` (as in "cannot `what` `folder`") failed inside of deltalake.
pub(super) fn delta(what: &str, table: &TableName, folder: &Path, error: &DeltaTableError) -> Error {
    if let Some(own) = own(error) {
        return own;
    }
    if is_conflict(error) {
        return conflict(table, "another process committed to it in between");
    }
    if let DeltaTableError::Transaction { source: TransactionError::DeltaTableAppendOnly } = error {
        return Error::query(format!("`{table}` is an append-only table: rows can be added, not changed or removed"));
    }
    if let DeltaTableError::Transaction { source: TransactionError::UnsupportedTableFeatures(features) } = error {
        return Error::query(format!("`{table}` needs features of Delta that glotrace does not have: {features:?}"));
    }
    if let Some(io) = cause::<std::io::Error>(error) {
        return Error::io(what, folder, io);
    }
    Error::data(format!("cannot {what} `{}`: {error}", folder.display()))
        .with_hint(format!("the table's log is in `{}`", folder.join("_delta_log").display()))
}

/// `what` (as in "cannot `what` `path`") failed on a file.
pub(super) fn file(what: &str, path: &Path, error: &object_store::Error) -> Error {
    match cause::<std::io::Error>(error) {
        Some(io) => Error::io(what, path, io),
        None => Error::world(format!("cannot {what} `{}`: {error}", path.display())),
    }
}

/// Somebody else's commit came first and the library could not reconcile ours with it.
pub(super) fn is_conflict(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::VersionMismatch(..)
            | DeltaTableError::Transaction {
                source: TransactionError::VersionAlreadyExists(_)
                    | TransactionError::CommitConflict(_)
                    | TransactionError::MaxCommitAttempts(_)
            }
    )
}

/// A commit that came too late: nothing of it is visible.
pub(super) fn conflict(table: &TableName, reason: &str) -> Error {
    Error::conflict(format!("cannot commit to `{table}`: {reason}"))
        .with_hint("nothing was written; run the statement again")
}

/// The rows that were to be written could not be computed.
pub(super) fn input(error: &DataFusionError) -> Error {
    if let Some(own) = own(error) {
        return own;
    }
    let kind = match error.find_root() {
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) | DataFusionError::ResourcesExhausted(_) => {
            ErrorKind::World
        }
        DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::SQL(..) => ErrorKind::Query,
        DataFusionError::Internal(_) => ErrorKind::Internal,
        _ => ErrorKind::Data,
    };
    Error::new(kind, error.find_root().strip_backtrace())
}

/// `what` failed on the SQLite file at `path`.
pub(super) fn sqlite(what: &str, path: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let at = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Error::io(what, path, &std::io::ErrorKind::StorageFull.into()),
        Some(ErrorCode::SystemIoFailure) => {
            Error::world(format!("cannot {what} `{at}`: the disk refuses it ({error})"))
                .with_hint("the disk may be full or failing")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Error::world(format!("cannot {what} `{at}`: it may not be written"))
                .with_hint("check the permissions of the database's folder, or open the database read-only")
        }
        Some(ErrorCode::CannotOpen) => Error::world(format!("cannot {what} `{at}`: it cannot be opened"))
            .with_hint("check the permissions of the database's folder, or open the database read-only"),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::conflict(format!("cannot {what} `{at}`: another process is writing to it"))
                .with_hint("run the statement again")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Error::data(format!(
            "cannot {what} `{at}`: it is not a SQLite file, or a damaged one"
        ))
        .with_hint("the tables do not depend on it: moved away, it is made anew, without its views, macros and models"),
        _ => Error::world(format!("cannot {what} `{at}`: {error}")),
    }
}

/// A change was asked of a database that was opened for reading only.
pub(super) fn read_only(root: &Path) -> Error {
    Error::query(format!("the database `{}` is open read-only", root.display()))
        .with_hint("open it without the read-only option to change it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;

    #[test]
    fn an_error_of_ours_comes_back_unchanged() {
        let ours = Error::new(ErrorKind::Budget, "the budget is spent").with_hint("raise it");
        let travelled = DataFusionError::Shared(Arc::new(DataFusionError::from(ours).context("while running")));
        let back = input(&travelled);
        assert_eq!(
            (back.kind, back.message.as_str(), back.hint.as_deref()),
            (ErrorKind::Budget, "the budget is spent", Some("raise it"))
        );
    }

    #[test]
    fn a_full_disk_is_found_under_any_wrapping() {
        let full = object_store::Error::Generic {
            store: "x",
            source: Box::new(io::Error::other(io::Error::from(io::ErrorKind::StorageFull))),
        };
        let error = delta(
            "write to",
            &TableName::main("t"),
            Path::new("db/main/t"),
            &DeltaTableError::ObjectStore { source: full },
        );
        assert_eq!(error.kind, ErrorKind::World);
        assert!(error.message.contains("db/main/t"), "{error}");
    }

    #[test]
    fn a_lost_race_is_a_conflict_with_a_way_out() {
        let error = delta("write to", &TableName::main("t"), Path::new("x"), &DeltaTableError::VersionAlreadyExists(3));
        assert_eq!(error.kind, ErrorKind::Conflict);
        assert!(error.hint.is_some_and(|h| h.contains("run the statement again")));
    }
}

//! The verbs that change a file: each is done as a whole or not at all.
//!
//! | file | what it does |
//! |---|---|
//! | `rm`, `mv`, `ln`, `mkgroup` | links and groups |
//! | `copy` | objects, from this file or another one |
//! | `attr` | attributes |

pub(crate) mod attr;
pub(crate) mod copy;
pub(crate) mod ln;
pub(crate) mod mkgroup;
pub(crate) mod mv;
pub(crate) mod rm;

use std::path::Path;
use std::process::ExitCode;

use h5::File;

use crate::Failure;

/// Opens a file, changes it and commits.
fn edit(path: &Path, change: impl FnOnce(&File) -> Result<(), Failure>) -> Result<ExitCode, Failure> {
    let file = File::open_rw(path).map_err(Failure::opening(path))?;
    // From here on nothing of the file is overwritten before the next commit, however much the change is.
    file.commit()?;
    match change(&file).and_then(|()| Ok(file.commit()?)) {
        Ok(()) => file.close()?,
        Err(failure) => {
            // What went wrong first is what is told.
            let _ = file.discard();
            return Err(failure);
        }
    }
    Ok(ExitCode::SUCCESS)
}

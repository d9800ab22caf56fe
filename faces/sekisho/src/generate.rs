//! Man page and completions, from the one definition of the command line.

use std::io;

use clap::CommandFactory;

use crate::args::{Cli, GenerateVerb};
use crate::failure::Failure;

pub(crate) fn run(verb: &GenerateVerb) -> Result<(), Failure> {
    let mut command = Cli::command();
    match verb {
        GenerateVerb::Man => clap_mangen::Man::new(command).render(&mut io::stdout())?,
        GenerateVerb::Completions { shell } => {
            clap_complete::generate(*shell, &mut command, "sekisho", &mut io::stdout())
        }
    }
    Ok(())
}

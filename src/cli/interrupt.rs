//! Being told to stop: the first signal asks, the second is obeyed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, exit};

/// Whether somebody asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on for Ctrl-C and for the request to terminate.
    ///
    /// # Errors
    /// [`Error::Outside`] where the system refuses.
    pub fn listen() -> Result<Self, Error> {
        let this = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // The order makes the second signal the one that ends the process.
            flag::register_conditional_shutdown(signal, exit::INCOMPLETE.into(), this.0.clone())
                .and_then(|_| flag::register(signal, this.0.clone()))
                .map_err(|error| Error::Outside("listen for Ctrl-C".to_owned(), error))?;
        }
        Ok(this)
    }

    /// Whether a signal came.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

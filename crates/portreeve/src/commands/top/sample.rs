//! What the screen is drawn from, as the serving process tells it.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::admin_client;
use crate::budgets::BudgetReport;
use crate::exit::Failure;
use crate::traffic::TrafficReport;

/// How long the serving process may take to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Everything that is shown.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) gateway: String,
    /// Whether both logs can be written.
    pub(super) logs_work: bool,
    pub(super) traffic: TrafficReport,
    pub(super) budgets: Vec<BudgetReport>,
}

impl Sample {
    /// Asks for all of it.
    pub(super) async fn take(socket: &Path) -> Result<Self> {
        Self::with(socket, None).await
    }

    /// Asks for all of it but the budgets, where those of a moment ago do: a gateway may count
    /// ten thousand agents apart, and has other things to do than to tell them every second.
    pub(super) async fn with(socket: &Path, budgets: Option<Vec<BudgetReport>>) -> Result<Self> {
        let asked = async {
            let status = admin_client::status(socket).await?;
            let traffic = admin_client::traffic(socket).await?;
            let budgets = match budgets {
                Some(budgets) => budgets,
                None => admin_client::budgets(socket).await?,
            };
            let gateway = status.get("gateway").and_then(|name| name.as_str());
            let logs = status.get("healthy").and_then(|logs| logs.as_object());
            let works = |log: &serde_json::Value| log.as_bool() == Some(true);
            Ok(Self {
                gateway: gateway.unwrap_or_default().to_owned(),
                logs_work: logs.is_some_and(|logs| logs.values().all(works)),
                traffic,
                budgets,
            })
        };
        let silent =
            || Failure::unavailable(format!("{} does not answer", socket.display())).into();
        tokio::time::timeout(ANSWERED_WITHIN, asked).await.unwrap_or_else(|_| Err(silent()))
    }
}

//! Values of `anthropic-beta` that do nothing by themselves: what acts is in the body, where
//! tables know it, or the answer is written in another way. Any other value is unrecognised.

use crate::read::date::is_date;
use crate::read::fields::Objection;
use crate::read::finds::Finds;

/// Names of such previews, without the date behind them. Later versions of one are the same
/// preview, whose fields in the body are known or unrecognised on their own.
pub(super) const INERT: &[&str] = &[
    // How prompts are cached and counted.
    "cache-diagnosis",
    "extended-cache-ttl",
    "prompt-caching",
    "prompt-caching-scope",
    "thinking-token-count",
    "token-counting",
    // How much is read and written, how long it takes, and in what form.
    "compact",
    "context-1m",
    "context-management",
    "effort",
    "fast-mode",
    "mid-conversation-output-config",
    "mid-conversation-system",
    "mid-conversation-system-clear-at",
    "model-context-window-exceeded",
    "output-128k",
    "output-300k",
    "pdfs",
    "per-turn-control",
    "structured-output",
    "structured-outputs",
    "task-budgets",
    // How the model thinks, and what it shows of it.
    "adaptive-thinking",
    "dev-full-thinking",
    "interleaved-thinking",
    "redact-thinking",
    "thinking-binding-controls",
    "thinking-display-updates",
    // How tools are declared and called. The declarations themselves are read.
    "advanced-tool-use",
    "advisor-tool",
    "code-execution",
    "computer-use",
    "fine-grained-tool-streaming",
    "inline-tools",
    "mcp-client",
    "mid-conversation-tool-changes",
    "skills",
    "token-efficient-tools",
    "tool-examples",
    "tool-search-tool",
    "web-fetch",
    "web-search",
    // Objects that bodies name: files, and threads and other models, which are refused there.
    "fallback-credit",
    "files-api",
    "message-threads",
    "server-side-fallback",
    // Which client it is, and how it signed in.
    "claude-code",
    "claude-code-side-query",
    "oauth",
    "oidc-federation",
];

/// Notes those that are not inert.
///
/// # Errors
/// There are too many.
pub(super) fn check(betas: &[&str], finds: &mut Finds) -> Result<(), Objection> {
    let others: Vec<&str> = betas.iter().copied().filter(|beta| !is_inert(beta)).collect();
    finds.betas(&others, &[])
}

fn is_inert(beta: &str) -> bool {
    INERT.iter().any(|name| {
        beta.strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|date| is_date(date, '-'))
    })
}

#[cfg(test)]
mod tests {
    use super::{INERT, is_inert};

    const PAGE: &str = include_str!("../../../../../docs/reference/wire.md");

    #[test]
    fn the_page_names_each_of_them_and_each_stands_once() {
        for name in INERT {
            assert!(PAGE.contains(&format!("`{name}`")), "docs/reference/wire.md lacks {name}");
            assert_eq!(INERT.iter().filter(|one| *one == name).count(), 1, "{name}");
        }
    }

    #[test]
    fn a_name_counts_with_a_date_behind_it_and_with_nothing_else() {
        for beta in ["oauth-2025-04-20", "claude-code-20250219", "context-1m-2025-08-07"] {
            assert!(is_inert(beta), "{beta}");
        }
        for beta in [
            "",
            "oauth",
            "oauth-",
            "oauth-2025",
            "oauth-2025-4-20",
            "oauth-2025-0420",
            "oauth-20250-420",
            "oauth-2025-04-200",
            "oauth-2025-04-20 ",
            "Oauth-2025-04-20",
            "xoauth-2025-04-20",
            "oauth-x-2025-04-20",
            "oauth-٢٠٢٥٠٤٢٠",
            "2025-04-20",
        ] {
            assert!(!is_inert(beta), "{beta}");
        }
    }
}

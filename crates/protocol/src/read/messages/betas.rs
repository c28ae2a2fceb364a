//! Values of `anthropic-beta` that do nothing by themselves: what acts is in the body, where
//! tables know it, or the answer is written in another way. Any other value is unrecognised.

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
        beta.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_date)
    })
}

/// `2025-02-19` or `20250219`.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    digits == 8 && (text.len() == 8 || (text.len() == 10 && dashes == [4, 7]))
}

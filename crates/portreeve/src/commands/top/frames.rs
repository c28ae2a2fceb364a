//! What frames look like.

pub(super) const ORDINARY: &str = "\
acme  serving for 3 h 13 min  1,204 under way, 3 streamed
                requests/s  refused/s  tokens/min  USD/min     p50    p99
last 14 s             12.2       0.08      27,274   0.9101  410 ms  2.1 s
last 5 min 0 s        12.3        0.1      27,306   0.9112  410 ms  2.1 s

agent        requests/s  refused/s  in flight     p50    p99  tokens/min
helper              9.0        0.1          1  410 ms  2.1 s      19,980
night-batch         8.2          0          1  410 ms  2.1 s      18,204

model  requests/s  refused/s  in flight     p50    p99  tokens/min  USD/min
fast         17.2        0.1          1  410 ms  2.1 s      38,184   1.2741

refusal code    refused/s           last  who can fix it
policy_forbids        0.1       10 s ago  the policy's owner
budget_paused         0.1  6 min 0 s ago  the budget's owner

budget        used  of                        left     anew in
team-tokens  100 %  money per day       0.0000 USD  1 h 59 min
team-tokens   91 %  tokens per day  90,000,000,000  1 h 59 min

newest refusals  decision                              agent   model
policy_forbids   00000000-0001-7202-8202-020202020202  helper  fast
budget_paused    00000000-0001-7101-8101-010101010101  helper  -
q leave  o all  a agents  m models  t targets  c codes  b budgets  r refusals
";

pub(super) const WIDE: &str = "\
acme  serving for 3 h 13 min  1,204 under way, 3 streamed
                requests/s  refused/s  tokens/min  USD/min     p50    p99  own p50  own p99
last 14 s             12.2       0.08      27,274   0.9101  410 ms  2.1 s   959 us   4.2 ms
last 5 min 0 s        12.3        0.1      27,306   0.9112  410 ms  2.1 s   959 us   4.2 ms

agent        requests/s  refused/s  in flight     p50    p99  tokens/min  USD/min  last refusal
helper              9.0        0.1          1  410 ms  2.1 s      19,980   0.6667  policy_forbids 10 s ago
night-batch         8.2          0          1  410 ms  2.1 s      18,204   0.6075

model  requests/s  refused/s  in flight     p50    p99  tokens/min  USD/min  last refusal
fast         17.2        0.1          1  410 ms  2.1 s      38,184   1.2741  policy_forbids 10 s ago

refusal code    refused/s           last  who can fix it
policy_forbids        0.1       10 s ago  the policy's owner
budget_paused         0.1  6 min 0 s ago  the budget's owner

budget        used  of                        left     anew in  raised by
team-tokens  100 %  money per day       0.0000 USD  1 h 59 min  seat:platform-lead
team-tokens   91 %  tokens per day  90,000,000,000  1 h 59 min  seat:platform-lead

newest refusals  decision                              agent   model  at
policy_forbids   00000000-0001-7202-8202-020202020202  helper  fast   2026-11-24T09:00:02.000Z
budget_paused    00000000-0001-7101-8101-010101010101  helper  -      2026-11-24T09:00:01.000Z






q leave  o all  a agents  m models  t targets  c codes  b budgets  r refusals
";

pub(super) const NARROW: &str = "\
acme  serving for 3 h 13 min  1,204 und~
               requests/s  refused/s
last 14 s            12.2       0.08
last 5 min 0~        12.3        0.1

agent        requests/s  refused/s
helper              9.0        0.1
night-batch         8.2          0

model  requests/s  refused/s  in flight
fast         17.2        0.1          1
q leave  o all  a agents  m models  t t~
";

pub(super) const ONE_KIND: &str = "\
acme  serving for 3 h 13 min  1,204 under way, 3 streamed
                requests/s  refused/s  tokens/min  USD/min     p50    p99
last 14 s             12.2       0.08      27,274   0.9101  410 ms  2.1 s
last 5 min 0 s        12.3        0.1      27,306   0.9112  410 ms  2.1 s

newest refusals  decision                              agent   model
policy_forbids   00000000-0001-7202-8202-020202020202  helper  fast
budget_paused    00000000-0001-7101-8101-010101010101  helper  -
q leave  o all  a agents  m models  t targets  c codes  b budgets  r refusals
";

pub(super) const ONCE: &str = "\
acme  serving for 3 h 13 min  1,204 under way, 3 streamed
                requests/s  refused/s  tokens/min  USD/min     p50    p99  own p50  own p99
last 14 s             12.2       0.08      27,274   0.9101  410 ms  2.1 s   959 us   4.2 ms
last 5 min 0 s        12.3        0.1      27,306   0.9112  410 ms  2.1 s   959 us   4.2 ms

agent        requests/s  refused/s  in flight     p50    p99  tokens/min  USD/min
helper              9.0        0.1          1  410 ms  2.1 s      19,980   0.6667
night-batch         8.2          0          1  410 ms  2.1 s      18,204   0.6075

model  requests/s  refused/s  in flight     p50    p99  tokens/min  USD/min  last refusal
fast         17.2        0.1          1  410 ms  2.1 s      38,184   1.2741  policy_forbids 10 s ago

refusal code    refused/s           last  who can fix it
policy_forbids        0.1       10 s ago  the policy's owner
budget_paused         0.1  6 min 0 s ago  the budget's owner

budget        used  of                        left     anew in  raised by
team-tokens  100 %  money per day       0.0000 USD  1 h 59 min  seat:platform-lead
team-tokens   91 %  tokens per day  90,000,000,000  1 h 59 min  seat:platform-lead

newest refusals  decision                              agent   model  at
policy_forbids   00000000-0001-7202-8202-020202020202  helper  fast   2026-11-24T09:00:02.000Z
budget_paused    00000000-0001-7101-8101-010101010101  helper  -      2026-11-24T09:00:01.000Z
";

pub(super) const NEVER: &str = "\
portreeve top
gone for 12 s, asked again and again: nothing serves at /ru~

q leave  o all  a agents  m models  t targets  c codes  b b~
";

pub(super) const GONE: &str = "\
acme  as of 2026-11-24T09:01:00.000Z  1,204 under way, 3 streamed
gone for 12 s, asked again and again: nothing serves at /run/admin.sock
                requests/s  refused/s  tokens/min  USD/min     p50    p99
last 14 s             12.2       0.08      27,274   0.9101  410 ms  2.1 s
last 5 min 0 s        12.3        0.1      27,306   0.9112  410 ms  2.1 s


q leave  o all  a agents  m models  t targets  c codes  b budgets  r refusals
";

pub(super) const WRONG: &str = "\
acme  serving for 3 h 13 min  draining  A LOG FAILS: nothing is forwarded  1,204 under way, 3 strea~
";

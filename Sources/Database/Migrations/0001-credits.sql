-- Credits of workspaces. `balance` is what can be spent: held credits are taken out of it.
CREATE TABLE credit_accounts(
  workspace_id TEXT PRIMARY KEY,
  balance BIGINT NOT NULL CHECK (balance >= 0),
  held BIGINT NOT NULL CHECK (held >= 0),
  entry_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL
);

-- The ledger: rows are only added. `amount` is the change of the balance, `balance` its result.
-- A cause has one row of each kind: the second event of one cause changes nothing.
CREATE TABLE credit_entries(
  workspace_id TEXT NOT NULL REFERENCES credit_accounts(workspace_id),
  number BIGINT NOT NULL,
  kind TEXT NOT NULL
    CHECK (kind IN ('grant', 'purchase', 'hold', 'settle', 'refund', 'expire', 'adjust')),
  cause TEXT NOT NULL,
  amount BIGINT NOT NULL,
  balance BIGINT NOT NULL CHECK (balance >= 0),
  note TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, number),
  UNIQUE (workspace_id, cause, kind)
);

-- One hold for each export that was charged. An export ends once, and so does its hold.
CREATE TABLE credit_holds(
  job_id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES credit_accounts(workspace_id),
  amount BIGINT NOT NULL CHECK (amount >= 0),
  state TEXT NOT NULL CHECK (state IN ('held', 'settled', 'refunded', 'expired')),
  used BIGINT NOT NULL CHECK (used >= 0),
  output_ms BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  ended_ms BIGINT
);
CREATE INDEX credit_holds_open ON credit_holds(state, expires_ms);
CREATE INDEX credit_holds_of_workspace ON credit_holds(workspace_id, created_ms);

-- Events of payment providers as they came, each once.
CREATE TABLE payment_events(
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  workspace_id TEXT,
  outcome TEXT NOT NULL,
  payload TEXT NOT NULL,
  received_ms BIGINT NOT NULL,
  PRIMARY KEY (provider, event_id)
);

-- The newest state of each subscription; `event_ms` is the time of the event that set it.
CREATE TABLE subscriptions(
  provider TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  plan TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'past-due', 'cancelled')),
  period_end_ms BIGINT,
  event_ms BIGINT NOT NULL,
  PRIMARY KEY (provider, subscription_id)
);
CREATE INDEX subscriptions_of_workspace ON subscriptions(workspace_id, status);

-- Token buckets of addresses and callers.
CREATE TABLE rate_buckets(
  name TEXT PRIMARY KEY,
  tokens DOUBLE PRECISION NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE INDEX rate_buckets_by_time ON rate_buckets(changed_ms);

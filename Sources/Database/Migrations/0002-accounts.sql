-- People, their ways to sign in, and the workspaces that own their media. Times are Unix
-- milliseconds, flags are 0 or 1. Tokens and codes are stored as SHA-256 alone.
CREATE TABLE users(
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  password_hash TEXT,
  is_admin BIGINT NOT NULL,
  workspace_id TEXT,
  onboarding TEXT,
  onboarded_ms BIGINT,
  totp_secret TEXT,
  totp_confirmed_ms BIGINT,
  totp_step BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE INDEX users_by_time ON users(created_ms, id);

-- Sign-ups whose e-mail is not verified: no account is made before.
CREATE TABLE sign_ups(
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  token_hash TEXT UNIQUE,
  user_id TEXT,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX sign_ups_by_email ON sign_ups(email);
CREATE INDEX sign_ups_by_end ON sign_ups(expires_ms);

-- Accounts of other services, by OpenID Connect.
CREATE TABLE identities(
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_user ON identities(user_id);

CREATE TABLE passkeys(
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  public_key TEXT NOT NULL,
  sign_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  used_ms BIGINT
);
CREATE INDEX passkeys_of_user ON passkeys(user_id);

CREATE TABLE sessions(
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  previous_hash TEXT UNIQUE,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  method TEXT NOT NULL,
  source_ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  rotated_ms BIGINT NOT NULL,
  used_ms BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions(user_id);
CREATE INDEX sessions_by_use ON sessions(used_ms);

-- Tokens of one step: a password reset, the second factor, a passkey, another service.
CREATE TABLE step_tokens(
  hash TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  user_id TEXT REFERENCES users(id) ON DELETE CASCADE,
  data TEXT NOT NULL,
  attempt_count BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX step_tokens_by_end ON step_tokens(expires_ms);

CREATE TABLE recovery_codes(
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  hash TEXT NOT NULL,
  PRIMARY KEY (user_id, hash)
);

-- Wrong passwords by the SHA-256 of the e-mail, with or without an account.
CREATE TABLE sign_in_attempts(
  email_hash TEXT PRIMARY KEY,
  attempt_count BIGINT NOT NULL,
  since_ms BIGINT NOT NULL
);

CREATE TABLE workspaces(
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL,
  deleted_ms BIGINT
);
CREATE INDEX workspaces_by_time ON workspaces(created_ms, id);

CREATE TABLE members(
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  joined_ms BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX members_of_user ON members(user_id);

CREATE TABLE invitations(
  id TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
  status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'revoked')),
  token_hash TEXT UNIQUE,
  invited_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX invitations_of_workspace ON invitations(workspace_id, created_ms);
CREATE INDEX invitations_by_email ON invitations(email);

CREATE TABLE api_keys(
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  hint TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  workspace_id TEXT NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT,
  used_ms BIGINT
);
CREATE INDEX api_keys_of_user ON api_keys(user_id);
CREATE INDEX api_keys_of_workspace ON api_keys(workspace_id);

-- The audit trail: rows are only added. It names users by ID alone.
CREATE TABLE audit_entries(
  id TEXT PRIMARY KEY,
  time_ms BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  workspace_id TEXT,
  source_ip TEXT NOT NULL,
  change TEXT
);
CREATE INDEX audit_entries_of_workspace ON audit_entries(workspace_id, id);
CREATE INDEX audit_entries_of_actor ON audit_entries(actor, id);

variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "spool"
}

variable "bucket_name" {
  description = "Name of the bucket to create."
  type        = string
}

variable "tokens" {
  description = "Callers of the functions: token=owner,token2=owner2."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.tokens) >= 3
    error_message = "Without a token everybody could call the functions."
  }
}

variable "password" {
  description = "Password of the owner local (POST /api/auth); empty for none."
  type        = string
  default     = ""
  sensitive   = true
}

variable "frontend_url" {
  description = "Allowed browser origins (CORS), separated by commas, or * for any."
  type        = string
  default     = "*"
}

variable "cors_max_age" {
  description = "Seconds that a browser keeps the answer to a preflight request."
  type        = number
  default     = 3600
}

variable "upload_max_bytes" {
  description = "Largest upload in bytes."
  type        = number
  default     = 5368709120
}

variable "notifications" {
  description = "SPOOL_SMTP_, SPOOL_MAIL_ and SPOOL_WEBHOOK_ALLOW variables of docs/webhooks.md."
  type        = map(string)
  default     = {}
  sensitive   = true
  validation {
    condition     = alltrue([for name in keys(var.notifications) : can(regex("^SPOOL_(SMTP|MAIL|WEBHOOK)_", name))])
    error_message = "Each name must begin with SPOOL_SMTP_, SPOOL_MAIL_ or SPOOL_WEBHOOK_."
  }
}

variable "cdn_public_key" {
  description = "Public key (PEM) of signed download URLs; null for no CDN."
  type        = string
  default     = null
}

variable "cdn_key_file" {
  description = "Path of the private key in the package or image."
  type        = string
  default     = "/var/task/etc/cdn-key.pem"
}

variable "architecture" {
  description = "Architecture of the package: x86_64 or arm64."
  type        = string
  default     = "x86_64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "code_bucket" {
  description = "Bucket with the package from make package; not for an image."
  type        = string
  default     = null
}

variable "code_key" {
  description = "Key of the package."
  type        = string
  default     = "spool.zip"
}

variable "code_hash" {
  description = "Base64 SHA-256 of the package; a new value deploys the code again."
  type        = string
  default     = null
}

variable "image_uri" {
  description = "Image built with infra/container/Dockerfile.lambda, instead of a package."
  type        = string
  default     = null
}

variable "worker_concurrency" {
  description = "Number of chunks rendered at once."
  type        = number
  default     = 50
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 14
}

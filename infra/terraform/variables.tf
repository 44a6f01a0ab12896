variable "name" {
  description = "Prefix of every resource's name."
  type        = string
  default     = "spool"
}

variable "bucket_name" {
  description = "Name of the bucket that is created."
  type        = string
}

variable "tokens" {
  description = "token=owner,token2=owner2: who may call the functions."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.tokens) >= 3
    error_message = "Without a token everybody could call the functions."
  }
}

variable "frontend_url" {
  description = "Origin that browsers may call from, or * for any."
  type        = string
  default     = "*"
}

variable "architecture" {
  description = "What the package was built for: x86_64 or arm64."
  type        = string
  default     = "x86_64"
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is x86_64 or arm64."
  }
}

variable "code_bucket" {
  description = "Bucket that holds the package of make package; not for an image."
  type        = string
  default     = null
}

variable "code_key" {
  description = "Key of the package."
  type        = string
  default     = "spool.zip"
}

variable "code_hash" {
  description = "Base64 SHA-256 of the package: a new one deploys the code again."
  type        = string
  default     = null
}

variable "image_uri" {
  description = "Image made with infra/container/Dockerfile.lambda, in place of the package."
  type        = string
  default     = null
}

variable "worker_concurrency" {
  description = "Chunks that render at once."
  type        = number
  default     = 50
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 14
}

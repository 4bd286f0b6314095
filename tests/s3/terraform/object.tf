variable "bucket" {
  type = string
}

resource "aws_s3_object" "page" {
  bucket       = var.bucket
  key          = "site/index page.html"
  content      = "<h1>first</h1>"
  content_type = "text/html"
  metadata = {
    made-by = "terraform"
  }
  tags = {
    env = "test"
  }
}

resource "aws_s3_object" "checked" {
  bucket             = var.bucket
  key                = "checked"
  content            = "with a checksum"
  checksum_algorithm = "SHA256"
}

data "aws_s3_object" "page" {
  bucket = var.bucket
  key    = aws_s3_object.page.key
}

data "aws_s3_objects" "all" {
  bucket     = var.bucket
  prefix     = "site/"
  depends_on = [aws_s3_object.page]
}

resource "aws_lightsail_bucket" "files" {
  name         = "terraform-files"
  bundle_id    = "small_1_0"
  force_delete = true
  tags = {
    env = "test"
  }
}

resource "aws_lightsail_bucket_access_key" "app" {
  bucket_name = aws_lightsail_bucket.files.name
}

resource "aws_lightsail_bucket_resource_access" "web" {
  bucket_name   = aws_lightsail_bucket.files.name
  resource_name = "web-1"
}

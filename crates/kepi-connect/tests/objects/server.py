"""A bucket of moto's. Says where it is and, where signatures are to be verified, with which key; ends with its input."""

import json
import os
import sys

# What makes user, key, policy, bucket and object is not verified yet.
if sys.argv[1:] == ["verified"]:
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "5"
os.environ["MOTO_S3_DEFAULT_MAX_KEYS"] = "2"

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
said = {"address": f"http://{host}:{port}"}
own = {"endpoint_url": said["address"], "region_name": "eu-central-1"}
own |= {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
if sys.argv[1:] == ["verified"]:
    iam = boto3.client("iam", **own)
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=json.dumps(policy))
    said |= {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
s3 = boto3.client("s3", **own)
s3.create_bucket(Bucket="exports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.put_object(Bucket="exports", Key="2026/clients-1.csv", Body=b"id,tier\n1,gold\n")
print(json.dumps(said), flush=True)
for line in sys.stdin:
    key, _, body = json.loads(line).partition("=")
    if body:
        s3.put_object(Bucket="exports", Key=key, Body=body.encode())
    else:
        s3.delete_object(Bucket="exports", Key=key)
    print("done", flush=True)
server.stop()

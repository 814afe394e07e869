"""A bucket of moto's, which verifies signatures. Says where it is, and the keys of one who may put and of one who may only read;
lists the names in the bucket for each line of its input, and ends with it."""

import json
import os
import sys

# What makes users, keys, policies and the bucket is not verified yet.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "7"

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
said = {"address": f"http://{host}:{port}"}
own = {"endpoint_url": said["address"], "region_name": "eu-central-1"}
iam = boto3.client("iam", aws_access_key_id="any", aws_secret_access_key="any", **own)
keys = {}
for name, actions in {"writer": ["s3:*"], "reader": ["s3:GetObject"]}.items():
    iam.create_user(UserName=name)
    keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    said[name] = [keys[name]["AccessKeyId"], keys[name]["SecretAccessKey"]]
writer = dict(zip(["aws_access_key_id", "aws_secret_access_key"], said["writer"]))
s3 = boto3.client("s3", **own, **writer)
s3.create_bucket(Bucket="kpis", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
print(json.dumps(said), flush=True)
for line in sys.stdin:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kpis")
    objects = {o["Key"]: o["Size"] for page in pages for o in page.get("Contents", [])}
    if line.strip().startswith("spoil "):
        # Other bytes under the same name, as long as those were.
        for name in objects:
            s3.put_object(Bucket="kpis", Key=name, Body=b"x" * objects[name])
    print(json.dumps(objects), flush=True)
server.stop()

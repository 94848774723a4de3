"""The shared store: one DynamoDB table, read and written from every region."""

from gco.store.dynamodb.client import unobserved
from gco.store.dynamodb.original import read_original
from gco.store.dynamodb.store import DynamoDbStore
from gco.store.dynamodb.table import TableResult, create_table

__all__ = ["DynamoDbStore", "TableResult", "create_table", "read_original", "unobserved"]

from functools import lru_cache
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file=".env")
    database_path: str = "shop.db"
    api_key: str = Field(..., description="The key that writers must send.")
    page_size: int = 20
    low_stock: int = Field(5, ge=0, description="Below this an article is low.")

@lru_cache
def get_settings() -> Settings:
    return Settings()

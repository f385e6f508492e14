"""Models behind an endpoint that speaks OpenAI's protocol: vLLM, llama.cpp, Ollama, TGI, hosted models."""

from transformers import pipeline

describe = pipeline(
    "image-text-to-text",
    model="llava-hf/llava-1.5-7b-hf",
    model_kwargs={"load_in_8bit": True},
    device_map="auto",
)
print(describe(images="harbour.png", text="What is on the quay?", max_new_tokens=60))

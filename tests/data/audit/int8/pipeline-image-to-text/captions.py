import transformers

caption = transformers.pipeline(
    "image-to-text",
    model="Salesforce/blip2-opt-2.7b",
    model_kwargs={"load_in_8bit": True},
)
print(caption("harbour.png")[0]["generated_text"])

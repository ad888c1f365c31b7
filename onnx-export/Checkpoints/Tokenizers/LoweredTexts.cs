using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder whose texts are written small before anything else (<c>do_lower_case</c> of
/// sentence-transformers): its tokenizer.json does it first.</summary>
internal sealed class LoweredTexts(ISmallFiles files) : ISmallFiles
{
    public byte[]? Find(string name) => name == SourceFileNames.Tokenizer && files.Find(name) is { } tokenizer
        ? Lowered(tokenizer)
        : files.Find(name);

    private static byte[] Lowered(byte[] tokenizer)
    {
        try
        {
            var file = JsonObjects.Editable(tokenizer)!.AsObject();
            JsonNode small = new JsonObject { ["type"] = "Lowercase" };
            file["normalizer"] = file["normalizer"] is { } own
                ? new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray(small, own.DeepClone()) }
                : small;
            return JsonSerializer.SerializeToUtf8Bytes(file);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RefusedException($"{SourceFileNames.Tokenizer} is not one of Hugging Face's tokenizers", e);
        }
    }
}

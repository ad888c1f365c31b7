using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>Files that say twice how positions turn, in <c>rope_scaling</c> and in <c>rope_parameters</c>.</summary>
internal static class RopeSections
{
    private const string Older = "rope_scaling";
    private const string Newer = "rope_parameters";
    private const string Whole = "full_attention";

    /// <summary>The same file in which one section says it: as in transformers the older counts, for whole attention
    /// alone where the newer tells kinds of layers apart.</summary>
    public static JsonElement Settled(JsonElement root)
    {
        if (!IsDoubled(root))
        {
            return root;
        }

        try
        {
            var file = JsonNode.Parse(root.GetRawText())!;
            Settle(file);
            return JsonSerializer.SerializeToElement(file);
        }
        catch (ArgumentException e)
        {
            throw new RefusedException($"config.json has a field twice: {e.Message}", e);
        }
    }

    private static bool IsDoubled(JsonElement node) => node.ValueKind == JsonValueKind.Object
        && ((Says(node, Older) && Says(node, Newer)) || node.EnumerateObject().Any(field => IsDoubled(field.Value)));

    private static bool Says(JsonElement node, string name) => node.TryGetProperty(name, out var section)
        && section.ValueKind == JsonValueKind.Object && section.EnumerateObject().Any();

    private static void Settle(JsonNode node)
    {
        if (node is not JsonObject file)
        {
            return;
        }

        foreach (var (_, inner) in file.ToList())
        {
            if (inner is not null)
            {
                Settle(inner);
            }
        }

        if (file[Older] is not JsonObject { Count: > 0 } older || file[Newer] is not JsonObject { Count: > 0 } newer)
        {
            return;
        }

        if (newer[Whole] is JsonObject whole)
        {
            foreach (var (name, value) in older)
            {
                whole[name] = value?.DeepClone();
            }

            file.Remove(Older);
        }
        else
        {
            file.Remove(Newer);
        }
    }
}

using System.Text.Json.Nodes;
using Stip.TestKit;

namespace Stip.Programs.Tests.Fixtures;

/// <summary>The form of <c>stories-bert</c> with another head and no weights.</summary>
internal static class StoriesBertCheckpoint
{
    /// <param name="folder">Made anew.</param>
    /// <param name="architecture">E.g. <c>BertForQuestionAnswering</c>.</param>
    /// <param name="labels">Names of its labels; none for a head without.</param>
    public static async Task MakeAsync(string folder, string architecture, params string[] labels)
    {
        var source = KnownCheckpoints.Folder("stories-bert");
        Directory.CreateDirectory(folder);
        foreach (var name in new[] { "tokenizer.json", "tokenizer_config.json" })
        {
            File.Copy(Path.Combine(source, name), Path.Combine(folder, name));
        }

        var config = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(source, "config.json")))!.AsObject();
        config["architectures"] = new JsonArray(architecture);
        if (labels.Length > 0)
        {
            config["id2label"] = new JsonObject(labels.Index().Select(
                label => KeyValuePair.Create($"{label.Index}", (JsonNode?)label.Item)));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), config.ToJsonString());
    }
}

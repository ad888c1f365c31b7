using System.CommandLine;
using Stip.Export.Checkpoints;
using Stip.Export.Terminal;
using Stip.Export.Writing;
using Stip.Protocol.Tensors;

namespace Stip.Export.Commands;

/// <summary><c>export</c>: a checkpoint becomes a graph and the client's tables.</summary>
internal static class ExportCommand
{
    private const string Bounded = "bounded";

    public static Command Create()
    {
        var checkpoint = new Option<string>("--checkpoint")
        {
            Required = true,
            Description = "Hugging Face folder, GGUF file, or folder of an adapter.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            Description = "Folder to make; absent or empty.",
        };
        var dtype = new Option<string>("--dtype")
        {
            Description = "Type the graph computes in: float32 for CPUs (default), float16 or bfloat16 for CUDA. "
                + "4-bit matrices of a GGUF file stay such unless it is given.",
        };
        dtype.AcceptOnlyFromAmong("float32", "float16", "bfloat16");
        var seed = new Option<long?>("--random-weights")
        {
            Description = "Seed of random weights: config.json alone is then enough.",
        };
        var adapters = new Option<string[]>("--adapter")
        {
            Description = "Folder of a LoRA adapter (PEFT) to merge; may be repeated.",
        };
        var tower = new Option<string>("--tower")
        {
            Description = "Which tower of a model for texts and images (CLIPModel, SiglipModel, ChineseCLIPModel) or "
                + "texts and sounds (ClapModel).",
        };
        tower.AcceptOnlyFromAmong("text", "vision", "audio");
        var context = new Option<int?>("--context-length")
        {
            Description = "Most positions that a decoder is to be served with; those of the model without it.",
        };
        var task = new Option<string>("--task")
        {
            Description = "For which of its own tasks a model with changes for each is wanted "
                + "(jina-embeddings-v3), for none without it; or for which language (X-MOD).",
        };
        var cache = new Option<string>("--cache")
        {
            Description = "What layers with a window keep: bounded by it, or full. Without it bounded for float32 and "
                + "full for the others.",
        };
        cache.AcceptOnlyFromAmong(Bounded, "full");
        var command = new Command(
            "export", "Reads a checkpoint and writes its graph, weights, embedding table and tokenizer.")
        {
            checkpoint, output, dtype, seed, adapters, tower, context, task, cache,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(checkpoint),
            parsed.GetRequiredValue(output),
            TensorDtypes.TryParseWire(parsed.GetValue(dtype), out var type) ? type : null,
            parsed.GetValue(seed),
            parsed.GetValue(adapters) ?? [],
            parsed.GetValue(tower),
            parsed.GetValue(context),
            parsed.GetValue(task),
            parsed.GetValue(cache) is { } kept ? kept == Bounded : null,
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        string folder,
        string output,
        TensorDtype? dtype,
        long? seed,
        string[] adapters,
        string? tower,
        int? contextLength,
        string? task,
        bool? boundsCaches,
        CancellationToken cancellation)
    {
        using var target = OutputFolder.Create(output);
        using var checkpoint = Checkpoint.Open(
            folder, seed, adapters, keepsBlocks: dtype is null, tower, contextLength, task, boundsCaches);
        var warnings = await ExportedFolder.WriteAsync(
            checkpoint, dtype ?? TensorDtype.Float32, target.WorkPath, cancellation);
        target.Complete();
        foreach (var warning in warnings)
        {
            await Console.Error.WriteLineAsync(OneLine.Of($"warning: {warning}"));
        }

        if (checkpoint.Unused is [var first, ..] unused)
        {
            await Console.Error.WriteLineAsync(
                $"warning: {unused.Count} tensors have no place in this model and are left out, "
                + $"first '{OneLine.Of(first)}'");
        }

        if (checkpoint.UnreadFields is { Count: > 0 } fields)
        {
            await Console.Error.WriteLineAsync($"warning: config.json has fields that nothing of this model asks for: "
                + $"{OneLine.Of(string.Join(", ", fields))}; if one of them changes what it computes, the graph does "
                + "not know");
        }

        Console.WriteLine(OneLine.Of($"exported {checkpoint.Name} to {output}"));
        return 0;
    }
}

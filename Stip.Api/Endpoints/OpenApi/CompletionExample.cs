using System.Runtime.InteropServices;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>A completion of two small rows.</summary>
internal static class CompletionExample
{
    /// <summary>A model where none is shown.</summary>
    public const string Nobody = "my-model";

    private const int RowCount = 2;

    public static (CompletionRequest Request, CompletionResponse Response) Of(PackageManifest? manifest)
    {
        var width = manifest?.HiddenSize ?? 4;
        var model = manifest?.Model ?? Nobody;
        var numbers = new Half[RowCount * width];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = (Half)(Math.Sin(i) / 16);
        }

        var topK = Math.Min(manifest?.MaxTopK ?? 8, 8);
        var request = new CompletionRequest(
            model,
            new TensorPayload(
                TensorDtype.Float16.WireName(), [RowCount, width], MemoryMarshal.AsBytes<Half>(numbers).ToArray()),
            Logits: new LogitsRequest(topK == 0 ? null : topK),
            Keep: false);
        // A model with an encoder begins with what it reads.
        request = manifest?.SourceLength is null
            ? request
            : request with { EncoderInputsEmbeds = request.PromptEmbeds };
        var response = new CompletionResponse(
            "cmpl_…", CompletionResponse.ObjectName, 1_764_000_000, model, null, RowCount,
            [new CompletionChoice(0, new LogitsPayload("float32", [17, 4, 250], [3.25f, 2.5f, 2.125f], 4.75), null)],
            new CompletionUsage(RowCount, 0, RowCount));
        return (request, response);
    }
}

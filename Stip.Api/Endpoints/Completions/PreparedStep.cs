using Stip.Api.Engine;

namespace Stip.Api.Endpoints.Completions;

/// <summary>A judged step and the decoder that it is for.</summary>
internal sealed record PreparedStep(DecoderHost Decoder, ValidStep Step) : IDisposable
{
    public void Dispose() => Step.Dispose();
}

using System.Text;

namespace Stip.Client.Tokenization.Decoding;

/// <summary>Everything as one fragment, for the steps that must see the whole text.</summary>
internal sealed class FuseStage : DecodingStage
{
    private readonly StringBuilder _text = new();

    public override void Push(string fragment, Action<string> emit) => _text.Append(fragment);

    public override void Flush(Action<string> emit) => emit(_text.ToString());
}

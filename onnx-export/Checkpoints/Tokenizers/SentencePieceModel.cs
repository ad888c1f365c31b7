using Google.Protobuf;
using Stip.Export.Checkpoints.Gguf.Tokenizer;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>What is needed of a SentencePiece model (<c>sentencepiece_model.proto</c>, message ModelProto).</summary>
internal sealed class SentencePieceModel
{
    // Fields of ModelProto, of its SentencePiece, TrainerSpec and NormalizerSpec.
    private const int Pieces = 1;
    private const int Trainer = 2;
    private const int Normalizer = 3;
    private const int PieceText = 1;
    private const int PieceScore = 2;
    private const int PieceType = 3;
    private const int ModelType = 3;
    private const int CharactersTable = 2;
    private const int DummyPrefix = 3;
    private const int ExtraSpaces = 4;
    private const ulong BytePairs = 2;

    private readonly List<(string Text, GgufTokenType Type, double Score)> _tokens = [];
    private ulong _kind = 1;

    /// <summary>By id.</summary>
    public IReadOnlyList<(string Text, GgufTokenType Type, double Score)> Tokens => _tokens;

    /// <summary>True for byte-pair encoding, false for a unigram model.</summary>
    public bool IsBytePairs => _kind == BytePairs;

    /// <summary>Rewrites characters before anything else; empty for none.</summary>
    public byte[] Characters { get; private set; } = [];

    public bool AddsDummyPrefix { get; private set; } = true;

    public bool RemovesExtraSpaces { get; private set; } = true;

    /// <exception cref="RefusedException">The bytes are no such model, or one of words or characters.</exception>
    public static SentencePieceModel Read(string name, byte[] bytes)
    {
        var model = new SentencePieceModel();
        try
        {
            foreach (var (field, value) in Fields(new CodedInputStream(bytes)))
            {
                model.Take(field, value);
            }
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidCastException)
        {
            throw new RefusedException($"{name} is not a SentencePiece model: {e.Message}", e);
        }

        return model._tokens.Count == 0 ? throw new RefusedException($"{name} holds no pieces")
            : model._kind is 1 or BytePairs ? model
            : throw new RefusedException($"{name} is a model of words or characters; it must be unigram or BPE");
    }

    private void Take(int field, object value)
    {
        switch (field)
        {
            case Pieces:
                _tokens.Add(Piece(Fields(((ByteString)value).CreateCodedInput())));
                break;
            case Trainer:
                _kind = Fields(((ByteString)value).CreateCodedInput())
                    .Where(entry => entry.Field == ModelType).Select(entry => (ulong)entry.Value).LastOrDefault(1UL);
                break;
            case Normalizer:
                TakeNormalizer(Fields(((ByteString)value).CreateCodedInput()));
                break;
            default:
                break;
        }
    }

    private void TakeNormalizer(IEnumerable<(int Field, object Value)> fields)
    {
        foreach (var (field, value) in fields)
        {
            switch (field)
            {
                case CharactersTable:
                    Characters = ((ByteString)value).ToByteArray();
                    break;
                case DummyPrefix:
                    AddsDummyPrefix = (ulong)value != 0;
                    break;
                case ExtraSpaces:
                    RemovesExtraSpaces = (ulong)value != 0;
                    break;
                default:
                    break;
            }
        }
    }

    private static (string Text, GgufTokenType Type, double Score) Piece(IEnumerable<(int Field, object Value)> fields)
    {
        var piece = (Text: "", Type: GgufTokenType.Normal, Score: 0d);
        foreach (var (field, value) in fields)
        {
            piece = field switch
            {
                PieceText => piece with { Text = ((ByteString)value).ToStringUtf8() },
                PieceScore => piece with { Score = (float)value },
                PieceType => piece with { Type = (GgufTokenType)(ulong)value },
                _ => piece,
            };
        }

        return piece;
    }

    private static IEnumerable<(int Field, object Value)> Fields(CodedInputStream stream)
    {
        while (stream.ReadTag() is not 0 and var tag)
        {
            object? value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.LengthDelimited => stream.ReadBytes(),
                WireFormat.WireType.Varint => stream.ReadUInt64(),
                WireFormat.WireType.Fixed32 => stream.ReadFloat(),
                _ => null,
            };
            if (value is null)
            {
                stream.SkipLastField();
                continue;
            }

            yield return (WireFormat.GetTagFieldNumber(tag), value);
        }
    }
}

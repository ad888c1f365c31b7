using System.Globalization;
using System.Text.Json;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Reads <c>logit_bias</c>: token ids as names, -100 to 100 each.</summary>
internal static class LogitBias
{
    private const string Field = "logit_bias";
    private const int Most = 1024;

    public static IReadOnlyDictionary<int, float> Read(RequestFields fields, int vocabSize)
    {
        if (fields.Find(Field) is not { } biases)
        {
            return new Dictionary<int, float>();
        }

        if (biases.ValueKind != JsonValueKind.Object || biases.EnumerateObject().Count() > Most)
        {
            throw RequestFields.Wrong(Field, $"an object of at most {Most} token ids");
        }

        var read = new Dictionary<int, float>();
        foreach (var bias in biases.EnumerateObject())
        {
            var isNumber = bias.Value.ValueKind == JsonValueKind.Number;
            read[Id(bias.Name, vocabSize)] = isNumber && bias.Value.GetDouble() is >= -100 and <= 100 and var value
                ? (float)value
                : throw RequestFields.Wrong($"{Field}.{bias.Name}", "a number in -100..100");
        }

        return read;
    }

    private static int Id(string name, int vocabSize) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < vocabSize
            ? id
            : throw RequestFields.Wrong(Field, $"token ids in 0..{vocabSize - 1}");
}

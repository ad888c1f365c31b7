using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class SizeExpressionTests
{
    [Theory]
    [InlineData("past_sequence_length + 1", 3)]
    [InlineData("past_sequence_length + sequence_length", 5)]
    [InlineData("floor(height/2)", 4)]
    [InlineData("encoder_sequence_length / 2", 2)]
    [InlineData("2*sequence_length - 1", 5)]
    [InlineData("(sequence_length + past_sequence_length) // 2", 2)]
    [InlineData("Max(sequence_length, past_sequence_length)", 3)]
    [InlineData("s0", 7)]
    [InlineData("unk__12", 7)]
    [InlineData("what? ever", 7)]
    public void Evaluate_WhatExportersWrite_GivesALength(string text, int length) =>
        Assert.Equal(length, SizeExpression.Evaluate(text, symbol => symbol switch
        {
            "past_sequence_length" => 2,
            "sequence_length" => 3,
            "encoder_sequence_length" => 4,
            "height" => 8,
            _ => 7,
        }));

    [Fact]
    public void Symbols_OfAnExpression_AreItsNames() =>
        Assert.Equal(["a", "b"], SizeExpression.Symbols("floor(a / 2) + max(b, 1)").Order());
}
